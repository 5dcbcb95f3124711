import { countOf, formatBytes, formatShare } from "../../../support/quantities.ts";
import { element, nameOf } from "./element.mjs";
import { CHANGES, ROLES } from "./groups.mjs";

const ENVIRONMENT = -1;
/** Ways by which a package is asked for, and others of a list, that are told. */
const MOST_WAYS = 6;
const MOST_NAMED = 60;

/** Tells of what was chosen in the map: of one package, or of many small ones. */
export function showDetails(data, item) {
  const children = item.places === undefined ? tellOwner(data, data.owners[item.place]) : tellRest(data, item.places);
  document.getElementById("details").replaceChildren(...children);
}

function tellOwner(data, owner) {
  const facts = [
    ["Size", `${formatBytes(owner.bytes)}, ${formatShare(owner.bytes, data.bytes)} of all, in ${countOf(owner.files, "file", "files")}`],
    ["Part", ROLES.get(owner.role)],
    ["Change", owner.change === undefined ? null : CHANGES.get(owner.change)],
    ["Licence", owner.license],
    ["Folder", owner.path],
  ];
  return [
    element("h3", {}, nameOf(owner.name), owner.version === null ? "" : ` ${owner.version}`),
    element(
      "dl",
      { class: "facts" },
      ...facts
        .filter(([, text]) => text !== null && text !== undefined)
        .map(([label, text]) => element("div", {}, element("dt", {}, label), element("dd", {}, nameOf(text)))),
    ),
    ...waysOf(data, owner),
    element(
      "div",
      { class: "columns" },
      element(
        "div",
        {},
        ...listed("Kinds of files", owner.kinds, ([kind, bytes, files]) => [
          `${data.kinds[kind]}: ${formatBytes(bytes)} in ${countOf(files, "file", "files")}`,
        ]),
      ),
      element(
        "div",
        {},
        ...listed(owner.largest.length < owner.files ? "Its largest files" : "Its files", owner.largest, ([path, bytes]) => [
          nameOf(path),
          ` ${formatBytes(bytes)}`,
        ]),
      ),
    ),
  ];
}

function tellRest({ owners }, places) {
  const shown = places.slice(0, MOST_NAMED);
  const more = places.length - shown.length;
  return [
    element("h3", {}, countOf(places.length, "smaller one", "smaller ones")),
    element(
      "ul",
      { class: "plain wrapped" },
      ...shown.map((place) => element("li", {}, nameOf(owners[place].name), ` ${formatBytes(owners[place].bytes)}`)),
    ),
    ...(more > 0 ? [element("p", {}, `and ${more} more, which the table of packages names`)] : []),
  ];
}

/** A way through each of those that ask for it, the shortest first. */
function waysOf(data, owner) {
  if (owner.role !== "direct" && owner.role !== "indirect") return [];
  if (owner.dependents.length === 0) return [element("p", { class: "warn" }, "Nothing that is packed asks for it.")];
  const shown = owner.dependents.slice(0, MOST_WAYS);
  const more = owner.dependents.length - shown.length;
  const ways = listed("Why it is here", shown, (by) => steps([...wayTo(data, by), owner.name]));
  return [...ways, ...(more > 0 ? [element("p", { class: "muted" }, `and by ${countOf(more, "other package", "other packages")}`)] : [])];
}

function wayTo({ name, owners }, place) {
  const names = [];
  for (let at = place; at !== null && at !== ENVIRONMENT; at = owners[at].parent) names.unshift(owners[at].name);
  return [name, ...names];
}

function steps(names) {
  return names.flatMap((name, at) => (at === 0 ? [nameOf(name)] : [" → ", nameOf(name)]));
}

function listed(title, items, tell) {
  return [element("h4", {}, title), element("ul", { class: "plain" }, ...items.map((item) => element("li", {}, ...tell(item))))];
}
