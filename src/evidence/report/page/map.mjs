import { formatBytes, formatShare } from "../../../support/quantities.ts";
import { showDetails } from "./details.mjs";
import { element } from "./element.mjs";
import { CHANGES, groupsFor, legendFor, looksOf, ROLES } from "./groups.mjs";
import { moveFocus } from "./keys.mjs";
import { squarify } from "./squarify.ts";

/** Pixels of a group's head line, of the gap around it, and the least for which a field bears its name. */
const HEAD = 20;
const GAP = 2;
const NAMED = { width: 44, height: 17 };
/** Fields that are drawn: smaller ones are one field together. */
const MOST_FIELDS = 400;

/** Draws the map, and again where its width or what it shows by changes. */
export function startMap(data) {
  const map = document.getElementById("treemap");
  document.getElementById("map-tool").hidden = false;
  const without = document.getElementById("without-runtime");
  const state = { data, map, mode: "package", isLeftOut: () => false, chosen: null };
  without.addEventListener("change", () => {
    state.isLeftOut = without.checked ? ({ role }) => role === "runtime" : () => false;
    draw(state);
  });
  for (const input of document.querySelectorAll("input[name=mode]"))
    input.addEventListener("change", () => {
      state.mode = input.value;
      draw(state);
    });
  let width = 0;
  new ResizeObserver(() => {
    if (map.clientWidth === width) return;
    width = map.clientWidth;
    requestAnimationFrame(() => draw(state));
  }).observe(map);
  map.addEventListener("keydown", (event) => moveFocus(map, event));
  draw(state);
}

function draw(state) {
  const { data, map, mode } = state;
  const focused = map.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const area = { x: 0, y: 0, width: map.clientWidth, height: map.clientHeight };
  const groups = groupsFor(mode, data, state.isLeftOut);
  state.bytes = groups.reduce((sum, { bytes }) => sum + bytes, 0);
  const fragment = document.createDocumentFragment();
  const fields = squarify(
    groups.map(({ bytes }) => bytes),
    area,
  );
  for (const [at, group] of groups.entries()) drawGroup(fragment, state, group, fields[at], groups.length > 1);
  map.replaceChildren(fragment);
  const cells = [...map.querySelectorAll("button")];
  const first = cells.find((cell) => cell.dataset.key === (focused ?? state.chosen)) ?? cells[0];
  if (first !== undefined) first.tabIndex = 0;
  if (focused !== null) first?.focus();
  document
    .getElementById("legend")
    .replaceChildren(
      ...legendFor(mode, data, state.isLeftOut).map(([look, text]) =>
        element("li", {}, element("span", { class: `swatch ${look}`, "aria-hidden": "true" }), text),
      ),
    );
}

function drawGroup(parent, state, group, field, hasHead) {
  const isHeaded = hasHead && field.width >= NAMED.width && field.height >= 2 * HEAD;
  if (isHeaded) {
    const head = element("div", { class: "group", "aria-hidden": "true" }, `${group.title} · ${formatBytes(group.bytes)}`);
    place(head, { ...field, height: HEAD });
    parent.append(head);
  }
  const top = isHeaded ? HEAD : 0;
  const inside = { x: field.x, y: field.y + top, width: field.width, height: field.height - top };
  const share = Math.max(8, Math.round((MOST_FIELDS * group.bytes) / state.bytes));
  const items = gather(group.items, share, inside);
  const fields = squarify(
    items.map(({ bytes }) => bytes),
    inside,
  );
  for (const [at, item] of items.entries()) parent.append(drawCell(state, item, fields[at], group));
}

/** The largest as they are, and the rest in one: also what would be too small to be hit. */
function gather(items, most, { width, height }) {
  const whole = items.reduce((sum, { bytes }) => sum + bytes, 0);
  const least = (whole * 36) / Math.max(1, width * height);
  const drawn = items.filter(({ bytes }, at) => at < most && bytes >= least);
  const rest = items.slice(drawn.length);
  if (rest.length === 0) return drawn;
  return [...drawn, { places: rest.map(({ place }) => place), bytes: rest.reduce((sum, { bytes }) => sum + bytes, 0) }].sort(
    (a, b) => b.bytes - a.bytes,
  );
}

function drawCell(state, item, field, group) {
  const { data } = state;
  const isRest = item.places !== undefined;
  const owner = isRest ? null : data.owners[item.place];
  const name = isRest ? `${item.places.length} smaller ones` : owner.version === null ? owner.name : `${owner.name} ${owner.version}`;
  const share = formatShare(item.bytes, data.bytes);
  const key = isRest ? `${group.key} rest` : `${group.key} ${item.place}`;
  const said = [name, group.title, `${formatBytes(item.bytes)}, ${share} of all`, isRest ? null : wordOf(state.mode, owner)];
  const label = [...new Set(said.filter((one) => one !== null && one !== ""))].join(", ");
  const cell = element("button", {
    type: "button",
    class: `cell ${isRest ? "rest" : looksOf(state.mode, owner, group)}`,
    "aria-label": label,
    title: label,
    tabindex: "-1",
  });
  cell.dataset.key = key;
  if (field.width >= NAMED.width && field.height >= NAMED.height) {
    cell.append(element("span", {}, isRest ? name : owner.name));
    if (field.height >= 2 * NAMED.height) cell.append(element("small", {}, formatBytes(item.bytes)));
  }
  cell.setAttribute("aria-pressed", String(key === state.chosen));
  place(cell, field);
  cell.addEventListener("click", () => choose(state, cell, item));
  return cell;
}

function wordOf(mode, owner) {
  return mode === "change" ? (CHANGES.get(owner.change) ?? null) : (ROLES.get(owner.role) ?? null);
}

function choose(state, cell, item) {
  state.chosen = cell.dataset.key;
  for (const other of state.map.querySelectorAll("button")) {
    other.tabIndex = other === cell ? 0 : -1;
    other.setAttribute("aria-pressed", String(other === cell));
  }
  showDetails(state.data, item);
}

/** The page's policy takes no style attributes: each is set by itself. */
function place({ style }, { x, y, width, height }) {
  style.left = `${x}px`;
  style.top = `${y}px`;
  style.width = `${Math.max(0, width - GAP)}px`;
  style.height = `${Math.max(0, height - GAP)}px`;
}
