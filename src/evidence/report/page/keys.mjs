/** The way that each arrow key goes. */
const ARROWS = new Map([
  ["ArrowRight", [1, 0]],
  ["ArrowLeft", [-1, 0]],
  ["ArrowDown", [0, 1]],
  ["ArrowUp", [0, -1]],
]);

/** Moves the focus within the map: arrows to the nearest field that way, Home and End to the first and the last. */
export function moveFocus(map, event) {
  const cells = [...map.querySelectorAll("button")];
  const at = cells.indexOf(document.activeElement);
  if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const way = ARROWS.get(event.key);
  const next = way === undefined ? { Home: cells[0], End: cells.at(-1) }[event.key] : nearest(cells, cells[at], way);
  if (way !== undefined) event.preventDefault();
  if (next === undefined) return;
  event.preventDefault();
  cells[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function nearest(cells, from, [right, down]) {
  const start = middleOf(from);
  let best;
  let least = Infinity;
  for (const cell of cells) {
    const { x, y } = middleOf(cell);
    const ahead = (x - start.x) * right + (y - start.y) * down;
    if (cell === from || ahead <= 1) continue;
    // What lies straight ahead comes before what lies aside.
    const aside = Math.abs((x - start.x) * down) + Math.abs((y - start.y) * right);
    const distance = ahead + 2 * Math.max(0, aside - (right === 0 ? from.offsetWidth : from.offsetHeight) / 2) + aside / 10;
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}

function middleOf({ offsetLeft, offsetTop, offsetWidth, offsetHeight }) {
  return { x: offsetLeft + offsetWidth / 2, y: offsetTop + offsetHeight / 2 };
}
