import { lstatSync } from "node:fs";
import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { below, isWithin } from "../environment/outside.js";
import { ENVIRONMENT_FOLDER } from "./layout.js";
import type { PlanOptions } from "./plan-options.js";
import { Scope } from "./scope.js";
import { Selection } from "./selection.js";
import { unreadable } from "./source.js";
import { walkEnvironment } from "./walk.js";
import type { WalkResult } from "./walk-result.js";

/**
 * What goes in from outside the root: the packages that links lead to and those in folders above, with what they
 * resolve, below `links/`; and the archives of Yarn's global cache, in `.yarn/cache`. The same things stay behind as in the
 * environment itself, secrets above all.
 */
export async function planOutside(environment: Environment, options: PlanOptions): Promise<readonly WalkResult[]> {
  const results: WalkResult[] = [];
  for (const { folder, arcpath, packages, loose = [] } of environment.outside ?? []) {
    const apart = isWithin(environment.root, folder) ? [below(environment.root, folder)] : [];
    const goingIn = [...packages, ...loose].filter(({ dev }) => !(dev && options.omitDev)).map(({ path }) => path);
    if (goingIn.length === 0) continue;
    const scope = new Scope(folder, new Set(goingIn), { apart, isOutside: true });
    // In a node_modules folder that goes in as a whole, development packages lie among the others.
    const among = packages.filter(({ path }) => loose.some((one) => one.path !== "" && isWithin(path, one.path)));
    const own = { ...environment, root: folder, namedRoot: folder, packages: among };
    const selection = new Selection(own, { ...options, foreign: foreignIn(arcpath, options), includeSecrets: [], output: null }, scope);
    results.push(await walkEnvironment({ root: folder, arcpath, selection, signal: options.signal }));
  }
  const links = planLinksAbove(environment, options.omitDev, results);
  const entries = [...planArchives(environment, options.omitDev), ...links];
  return [...results, { entries, leftOut: [], includedSecrets: [], inodes: new Map() }];
}

/** Paths that are relative to the root, relative to a tree outside of it. */
function foreignIn(arcpath: string, { foreign }: PlanOptions): PlanOptions["foreign"] {
  const start = `../${arcpath}/`;
  return foreign === undefined
    ? undefined
    : new Set([...foreign].filter((path) => path.startsWith(start)).map((path) => path.slice(start.length)));
}

/** Links to packages above the root, in its node_modules: a package that was left out gets none. */
function planLinksAbove(
  { kind, above = [], outside = [] }: Environment,
  omitDev: boolean,
  results: readonly WalkResult[],
): readonly PlannedEntry[] {
  const packed = new Set(results.flatMap(({ entries }) => entries.map(({ path }) => path)));
  const links = above.flatMap(({ path, folder, dev }): PlannedEntry[] => {
    const tree = outside.find((one) => isWithin(folder, one.folder));
    const place = tree === undefined ? "" : posix.join(tree.arcpath, below(folder, tree.folder));
    if ((dev && omitDev) || !packed.has(place)) return [];
    const link = posix.join(ENVIRONMENT_FOLDER[kind], path);
    // In the project's own folder the rule about links makes the target relative, as it does with links that were found.
    return [{ type: "symlink", path: link, target: path.startsWith("../") ? posix.relative(posix.dirname(link), place) : folder }];
  });
  return withFolders(links);
}

/** Entries with the folders above them. */
function withFolders(entries: readonly PlannedEntry[]): readonly PlannedEntry[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder)) folders.add(folder);
  }
  return [...[...folders].map((path): PlannedEntry => ({ type: "directory", path })), ...entries];
}

function planArchives({ kind, packages, pnp }: Environment, omitDev: boolean): readonly PlannedEntry[] {
  const left = new Set(omitDev ? packages.filter(({ dev }) => dev).map(({ path }) => path) : []);
  const goingIn = [...(pnp?.broughtIn ?? [])].filter(([path]) => !left.has(path));
  return withFolders(goingIn.map(([path, file]) => planFile(posix.join(ENVIRONMENT_FOLDER[kind], path), file)));
}

function planFile(path: string, file: string): PlannedEntry {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = lstatSync(file);
    const source = { kind: "disk", file, identity: { dev, ino, size, mtimeMs, ctimeMs } } as const;
    return { type: "file", path, executable: false, size, source };
  } catch (error) {
    throw unreadable(error, file);
  }
}
