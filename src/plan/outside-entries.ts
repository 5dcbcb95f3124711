import { lstatSync } from "node:fs";
import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { below, isWithin } from "../environment/outside.js";
import { ENVIRONMENT_FOLDER } from "./layout.js";
import type { PlanOptions } from "./plan-archive.js";
import { Scope } from "./scope.js";
import { Selection } from "./selection.js";
import { unreadable } from "./source.js";
import { walkEnvironment, type WalkResult } from "./walk.js";

/**
 * What goes in from outside the root: the packages that links lead to, with what they resolve, below
 * `links/`; and the archives of Yarn's global cache, in `.yarn/cache`. The same things stay behind as in the
 * environment itself, secrets above all.
 */
export async function planOutside(environment: Environment, options: PlanOptions): Promise<readonly WalkResult[]> {
  const results: WalkResult[] = [];
  for (const { folder, arcpath, packages } of environment.outside ?? []) {
    const apart = isWithin(environment.root, folder) ? [below(environment.root, folder)] : [];
    const goingIn = packages.filter(({ dev }) => !(dev && options.omitDev));
    if (goingIn.length === 0) continue;
    const scope = new Scope(folder, new Set(goingIn.map(({ path }) => path)), apart);
    const own = { ...environment, root: folder, namedRoot: folder, packages: [] };
    const selection = new Selection(own, { ...options, includeSecrets: [], output: null }, scope);
    results.push(await walkEnvironment({ root: folder, arcpath, selection, signal: options.signal }));
  }
  const entries = planArchives(environment, options.omitDev);
  return [...results, { entries, leftOut: [], includedSecrets: [], inodes: new Map() }];
}

function planArchives({ kind, packages, pnp }: Environment, omitDev: boolean): readonly PlannedEntry[] {
  const left = new Set(omitDev ? packages.filter(({ dev }) => dev).map(({ path }) => path) : []);
  const folders = new Set<string>();
  const files: PlannedEntry[] = [];
  for (const [path, file] of pnp?.broughtIn ?? []) {
    if (left.has(path)) continue;
    const arcpath = posix.join(ENVIRONMENT_FOLDER[kind], path);
    files.push(planFile(arcpath, file));
    for (let folder = posix.dirname(arcpath); folder !== "."; folder = posix.dirname(folder)) folders.add(folder);
  }
  return [...[...folders].map((path): PlannedEntry => ({ type: "directory", path })), ...files];
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
