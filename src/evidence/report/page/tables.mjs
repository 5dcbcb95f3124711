import { countOf } from "../../../support/quantities.ts";
import { element } from "./element.mjs";

/** Rows that a table shows at first. */
const SHOWN = 40;
/** Rows that are seen at a glance, and need no order. */
const FEW = 8;

/** Lets tables be sorted by their columns, searched, and unfolded where they are long. */
export function startTables() {
  for (const table of document.querySelectorAll("table[data-table]")) startTable(table);
}

function startTable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  if (rows.length < FEW) return;
  const state = { table, body, rows, isWhole: rows.length <= SHOWN, needle: "" };
  const status = element("p", { class: "muted status", role: "status" });
  state.status = status;
  if (!state.isWhole) state.more = moreButton(state);
  if (table.hasAttribute("data-filter") && !state.isWhole) table.parentElement.before(filterField(state));
  table.parentElement.after(status, ...(state.more === undefined ? [] : [state.more]));
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) if (head.textContent !== "") makeSortable(state, head, column);
  show(state);
}

function moreButton(state) {
  const button = element("button", { type: "button", class: "more" });
  button.addEventListener("click", () => {
    const at = state.rows.findIndex(({ hidden }) => hidden);
    state.isWhole = true;
    show(state);
    // Whoever came by the keyboard goes on where the new rows begin.
    const row = state.rows[at];
    row.cells[0].tabIndex = -1;
    row.cells[0].focus();
  });
  return button;
}

function filterField(state) {
  const input = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  input.addEventListener("input", () => {
    state.needle = input.value.trim().toLowerCase();
    show(state);
  });
  return element("label", { class: "filter" }, "Find in this table ", input);
}

function makeSortable(state, head, column) {
  const button = element("button", { type: "button" }, head.textContent);
  const isNumber = head.classList.contains("number");
  button.addEventListener("click", () => {
    const isDown = head.getAttribute("aria-sort") === null ? isNumber : head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const way = isDown ? -1 : 1;
    const keys = new Map(state.rows.map((row) => [row, keyOf(row.cells[column])]));
    state.rows.sort((a, b) => way * compare(keys.get(a), keys.get(b)));
    state.body.append(...state.rows);
    show(state);
  });
  head.replaceChildren(button);
}

function keyOf(cell) {
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

const collator = new Intl.Collator("en", { numeric: true });

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}

function show(state) {
  const { rows, needle, isWhole, status, more } = state;
  let found = 0;
  for (const row of rows) {
    const fits = needle === "" || row.textContent.toLowerCase().includes(needle);
    if (fits) found++;
    row.hidden = !fits || (!isWhole && found > SHOWN);
  }
  const hidden = isWhole ? 0 : Math.max(0, found - SHOWN);
  status.textContent = needle === "" ? "" : found === 0 ? "no row fits" : countOf(found, "row fits", "rows fit");
  if (more === undefined) return;
  more.hidden = hidden === 0;
  more.textContent = `Show ${countOf(hidden, "more row", "more rows")}`;
}
