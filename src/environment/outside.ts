import { existsSync, readdirSync, realpathSync, type Dirent } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { findClosure, type Reached } from "./closure.js";
import type { InstalledPackage, NativeFile, OutsideTree } from "./environment.js";
import { joinPath, type InstalledFolder } from "./installed.js";
import { listTree, type Listing } from "../listing/listing.js";
import { findNatives } from "./natives.js";

/** A link in a node_modules folder that leads to a package outside the root. */
export interface OutsideLink {
  /** The link's place relative to the root. */
  readonly path: string;
  /** What it is imported by. */
  readonly name: string;
  /** The package's folder, absolute, links resolved. */
  readonly folder: string;
}

/**
 * The links of `file:`, `link:`, `portal:`, `npm link`, `bun link` and of pnpm's global virtual store:
 * those in any node_modules of the environment that lead to a package outside its root. Links to
 * anything else than a package are not looked at here: they are refused when they are planned.
 *
 * @param folders relative to the root: "" and the members of a workspace
 */
export function findOutsideLinks(
  root: string,
  folders: readonly string[],
  installed: readonly InstalledFolder[],
): readonly OutsideLink[] {
  const places = new Set(["node_modules/.pnpm/node_modules", "node_modules/.bun/node_modules", "node_modules/.deno/node_modules"]);
  for (const folder of [...folders, ...installed.map(({ path }) => path)]) {
    places.add(folder === "" ? "node_modules" : `${folder}/node_modules`);
  }
  for (const { path } of installed) places.add(path.slice(0, path.lastIndexOf("node_modules/") + "node_modules".length));
  const links: OutsideLink[] = [];
  for (const place of [...places].sort()) {
    for (const name of linkNames(join(root, place))) {
      const folder = packageBehind(join(root, place, name));
      if (folder !== null && !isWithin(folder, root)) links.push({ path: `${place}/${name}`, name, folder });
    }
  }
  return links;
}

/** Names of the links in a node_modules folder, those in scopes as "@scope/name". */
function linkNames(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    if (entry.isSymbolicLink()) return [entry.name];
    if (!entry.isDirectory() || !entry.name.startsWith("@")) return [];
    const scoped = entriesOf(join(folder, entry.name)).filter((one) => one.isSymbolicLink());
    return scoped.map((one) => `${entry.name}/${one.name}`);
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not there, or not readable: who plans the archive says so.
    return [];
  }
}

function packageBehind(link: string): string | null {
  return existsSync(join(link, "package.json")) ? realpathSync(link) : null;
}

/**
 * The packages outside the root with what they resolve from their own places, gathered into
 * trees: each tree is the lowest folder from which all lookups of its packages still succeed, so that in
 * the archive, where a tree keeps its inner structure, they succeed as well.
 *
 * @param starts folders of packages outside the root, absolute, links resolved
 * @param development those of them that only development needs
 */
export function gatherOutside(root: string, starts: readonly string[], development: ReadonlySet<string> = new Set()): readonly OutsideTree[] {
  const needed = findClosure(starts.filter((start) => !development.has(start)), false);
  const outside = [...findClosure(starts, false).values()].filter(({ folder }) => !isWithin(folder, root));
  const tops = outside.map(topOf);
  const roots = tops.filter((top, at) => tops.indexOf(top) === at && !tops.some((other) => other !== top && isWithin(top, other))).sort();
  const names = new Set<string>();
  return roots.map((top) => {
    const packages = outside.filter(({ folder }) => isWithin(folder, top));
    const first = packages.find(({ folder }) => starts.includes(folder)) ?? packages[0];
    const name = uniqueName(first?.json.name ?? basename(top), names);
    return {
      folder: top,
      arcpath: `links/${name}`,
      packages: packages
        .map(({ folder, json }) => ({
          name: json.name ?? basename(folder),
          version: json.version ?? "0.0.0",
          path: below(folder, top),
          dev: !needed.has(folder),
        }))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
    };
  });
}

/**
 * The highest folder whose node_modules a package needs, or its own; of an installed package at least
 * the one whose node_modules holds it: that folder is named by shims.
 */
function topOf({ folder, dependencies }: Reached): string {
  const around = /^(.+)\/node_modules\/(?:@[^/]+\/)?[^/]+$/.exec(folder)?.[1] ?? folder;
  return dependencies.reduce((top, { at }) => (isWithin(top, at) ? at : top), around);
}

/** A name that tells nothing of the packer's folders. */
function uniqueName(name: string, taken: Set<string>): string {
  const plain = name.replace(/^@/, "").replace(/[^\w.@+-]+/g, "-").replace(/^\.+/, "") || "package";
  let unique = plain;
  for (let number = 2; taken.has(unique); number++) unique = `${plain}-${number}`;
  taken.add(unique);
  return unique;
}

/** Whether a path is a folder or lies in it; both absolute, links resolved. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Relative to `folder`, parts joined by "/"; "" for itself. */
export function below(path: string, folder: string): string {
  return relative(folder, path).split(sep).join("/");
}

/** By the folder of each package outside, the place relative to the root that it gets. */
export function placesOf(outside: readonly OutsideTree[]): ReadonlyMap<string, string> {
  return new Map(outside.map(({ folder, arcpath }) => [folder, `../${arcpath}`]));
}

/** The packages of trees outside, with the paths that they get. */
export function packagesOutside(outside: readonly OutsideTree[]): InstalledPackage[] {
  return outside.flatMap(({ arcpath, packages }) =>
    packages.map((one) => ({ ...one, path: joinPath(`../${arcpath}`, one.path) })),
  );
}

/** The native libraries of a project and of what is brought into it. */
export function findEveryNative(own: Listing, packages: readonly InstalledPackage[], outside: readonly OutsideTree[]): readonly NativeFile[] {
  const brought = outside.flatMap((tree) =>
    tree.packages.flatMap(({ path }) => {
      const place = joinPath(`../${tree.arcpath}`, path);
      const natives = findNatives(listTree(join(tree.folder, path)), [{ path: "" }]);
      return natives.map((native) => ({ ...native, file: joinPath(place, native.file), package: place }));
    }),
  );
  return [...findNatives(own, packages), ...brought];
}
