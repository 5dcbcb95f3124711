import { existsSync, realpathSync, lstatSync, statSync } from "node:fs";
import { basename, join, dirname } from "node:path";
import type { NativeFile } from "../native/native-file.js";
import type { InstalledPackage, OutsideTree } from "./environment.js";
import { listTree, type Listing } from "../listing/listing.js";
import { joinPath, type InstalledFolder } from "./installed.js";
import { findNatives } from "../native/find-natives.js";
import { isWithin } from "./paths.js";
import { readModules, type ModulesItem } from "./reach.js";

export { below, isWithin } from "./paths.js";

/** What leads from the environment to something outside the root. */
export interface OutsideLink {
  /** The link's place relative to the root. */
  readonly path: string;
  /** What it is imported by. */
  readonly name: string;
  /** What it leads to: a folder, or a file where it is loose; absolute, links resolved. */
  readonly folder: string;
  /** "loose": a folder or file that is no package; "modules": the link is a node_modules folder itself; absent: a package. */
  readonly kind?: "loose" | "modules";
}

/**
 * The links of `file:`, `link:`, `portal:`, `npm link`, `bun link` and of pnpm's global virtual store:
 * those in any node_modules of the environment that lead outside its root, to packages or to anything else that
 * can be imported; and node_modules folders that are such links themselves. Links elsewhere, and to folders that
 * hold the root, are not looked at here: they are refused when they are planned.
 *
 * @param folders relative to the root: "" and the members of a workspace
 */
export function findOutsideLinks(root: string, folders: readonly string[], installed: readonly InstalledFolder[]): readonly OutsideLink[] {
  const places = new Set(["node_modules/.pnpm/node_modules", "node_modules/.bun/node_modules", "node_modules/.deno/node_modules"]);
  for (const folder of [...folders, ...installed.map(({ path }) => path)]) {
    places.add(folder === "" ? "node_modules" : `${folder}/node_modules`);
  }
  for (const { path } of installed) places.add(path.slice(0, path.lastIndexOf("node_modules/") + "node_modules".length));
  // Most packages have no packages of their own: to ask is cheaper than to be refused.
  const sorted = [...places].sort().filter((place) => lstatSync(join(root, place), { throwIfNoEntry: false }) !== undefined);
  const modules = sorted.flatMap((place) => linkedModules(root, place));
  const isOutside = ({ place }: ModulesItem): boolean =>
    !isWithin(place, root) && !isWithin(root, place) && !modules.some(({ folder }) => isWithin(place, folder));
  const links = sorted.flatMap((place) =>
    readModules(join(root, place))
      .filter((item) => isOutside(item) && !(item.kind === "loose" && SYSTEM.test(item.place)))
      .map(({ name, place: folder, kind }) => ({ path: `${place}/${name}`, name, folder, ...(kind === "loose" ? { kind } : {}) })),
  );
  return [...modules, ...links];
}

/** Folders of the system: no link to one of them is meant to bring it in. */
const SYSTEM = /^\/[^/]*$|^\/(proc|sys|dev|etc|run|boot)\//;

/** The node_modules folder at a place, where it is a link out of the root. */
function linkedModules(root: string, place: string): OutsideLink[] {
  const path = join(root, place);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true || !existsSync(path)) return [];
  const folder = realpathSync(path);
  // A node_modules below one that is a link belongs to that one.
  const isOwn = isWithin(realpathSync(dirname(path)), root);
  return isOwn && !isWithin(folder, root) && !isWithin(root, folder)
    ? [{ path: place, name: basename(place), folder, kind: "modules" }]
    : [];
}

/** By the folder of each package outside, the place relative to the root that it gets. */
export function placesOf(outside: readonly OutsideTree[]): ReadonlyMap<string, string> {
  return new Map(outside.map(({ folder, arcpath }) => [folder, `../${arcpath}`]));
}

/** The packages of trees outside, with the paths that they get. */
export function packagesOutside(outside: readonly OutsideTree[]): InstalledPackage[] {
  return outside.flatMap(({ arcpath, packages }) => packages.map((one) => ({ ...one, path: joinPath(`../${arcpath}`, one.path) })));
}

/** Where the packages of `packagesOutside` lie, absolute, by the paths that they get. */
export function foldersOutside(outside: readonly OutsideTree[]): ReadonlyMap<string, string> {
  return new Map(
    outside.flatMap(({ folder, arcpath, packages }) =>
      packages.map(({ path }) => [joinPath(`../${arcpath}`, path), join(folder, path)] as const),
    ),
  );
}

/**
 * The native libraries of a project and of what is brought into it.
 *
 * @param find what is looked for instead
 */
export function findEveryNative(
  own: Listing,
  packages: readonly InstalledPackage[],
  outside: readonly OutsideTree[],
  find: typeof findNatives = findNatives,
): readonly NativeFile[] {
  const brought = outside.flatMap((tree) => {
    const loose = (tree.loose ?? []).map(({ path }) => path).filter((path) => statSync(join(tree.folder, path)).isDirectory());
    const apart = tree.packages.map(({ path }) => path).filter((path) => !loose.some((one) => isWithin(path, one)));
    return [...loose, ...apart].flatMap((path) => {
      const natives = find(listTree(join(tree.folder, path)), [{ path: "" }]);
      return natives.map(({ file, ...native }) => {
        const inside = joinPath(path, file);
        const owner = tree.packages.findLast((one) => isWithin(inside, one.path))?.path ?? path;
        return { ...native, file: joinPath(`../${tree.arcpath}`, inside), package: joinPath(`../${tree.arcpath}`, owner) };
      });
    });
  });
  return [...find(own, packages), ...brought];
}
