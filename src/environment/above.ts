import { existsSync, lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { enumerate } from "../support/enumerate.js";
import type { Notice } from "../support/progress.js";
import type { Reached } from "./closure.js";
import type { OutsideTree } from "./environment.js";
import type { OutsideLink } from "./outside.js";
import { isWithin } from "./paths.js";
import { readModules } from "./reach.js";

/**
 * The declared packages that Node finds in folders above the root, as links that stand in the root's own
 * node_modules: there the same lookups find them. Optional peers are not looked for so far away.
 *
 * @param reached all that the project and its packages declare
 */
export function findAbove(root: string, reached: Iterable<Reached>): readonly OutsideLink[] {
  // In a node_modules that is a link nothing can be put; Node looks beside the project's folder as well.
  const isLink = lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const modules = isLink ? "../node_modules" : "node_modules";
  const links = new Map<string, OutsideLink>();
  const folders = new Set<string>();
  for (const { folder, json, dependencies } of reached) {
    if (!isWithin(folder, root)) continue;
    for (const { name, folder: target, at } of dependencies) {
      if (isWithin(at, root) || (json.optionalPeers.has(name) && !json.dependencies.has(name))) continue;
      // A package above that is the project itself, or holds it, is there already.
      if (isWithin(target, root) || isWithin(root, target)) continue;
      links.set(name, { path: `${modules}/${name}`, name, folder: target });
      folders.add(at);
    }
  }
  // Generated code beside such packages is found along with them.
  for (const { name, place, kind } of [...folders].flatMap((folder) => readModules(join(folder, "node_modules")))) {
    if (kind !== "loose" || links.has(name) || existsSync(join(root, modules, name)) || isWithin(root, place)) continue;
    links.set(name, { path: `${modules}/${name}`, name, folder: place, kind });
  }
  return [...links.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Says which packages in folders above go in, and which ones Node could find there and do not. */
export function noticeAbove(root: string, links: readonly OutsideLink[], outside: readonly OutsideTree[]): Notice[] {
  const brought = new Set(links.map(({ name }) => name));
  // What the project has itself hides what is of the same name above.
  const hidden = new Set(readModules(join(root, "node_modules")).map(({ name }) => name));
  const packed = new Set(
    outside.flatMap(({ folder, packages, loose = [] }) => [...packages, ...loose].map(({ path }) => join(folder, path))),
  );
  const notices: Notice[] = [];
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    const items = basename(folder) === "node_modules" ? [] : readModules(modules);
    const found = items.filter(({ name, kind }) => brought.delete(name) && kind === "package").map(({ name }) => name);
    const others = items.filter(({ name, place }) => name !== ".cache" && !packed.has(place) && !hidden.has(name)).map(({ name }) => name);
    for (const { name } of items) hidden.add(name);
    if (found.length > 0) {
      notices.push({
        code: "FOUND_ABOVE",
        message: `Node finds these packages in a folder above the project; they go in: ${enumerate(found)}`,
        path: modules,
      });
    }
    if (others.length > 0) {
      const message = `Node could also find packages in a folder above the project; they are left out, since no packed package declares them (list one in package.json to bring it in): ${enumerate(others)}`;
      notices.push({ code: "LEFT_ABOVE", message, path: modules });
    }
    if (folder === dirname(folder)) return notices;
  }
}
