import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readPackageJson, type PackageJson } from "./package-json.js";

/** A dependency as Node finds it from a package's own folder. */
export interface Found {
  /** The package's folder, absolute, links resolved. */
  readonly folder: string;
  /** The folder whose node_modules had it, absolute. */
  readonly at: string;
}

/** A package that was reached, and what it reached itself. */
export interface Reached {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly json: PackageJson;
  readonly dependencies: readonly Found[];
}

/**
 * Follows dependencies from packages' folders, each resolved from where it stands, as Node does.
 * The packages of `starts` come with their devDependencies where `development` says so, others never.
 * What is not found is passed over: it may be optional, or for another platform.
 *
 * @param starts absolute, links resolved
 * @returns by folder, the starts included
 */
export function findClosure(starts: readonly string[], development: boolean): ReadonlyMap<string, Reached> {
  const reached = new Map<string, Reached>();
  const own = new Set(starts);
  const pending = [...starts].reverse();
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (reached.has(folder)) continue;
    const json = readPackageJson(folder);
    if (json === "absent" || json === "broken") continue;
    const kinds = [json.dependencies, json.optionalDependencies, json.peerDependencies];
    if (development && own.has(folder)) kinds.push(json.devDependencies);
    const names = [...new Set(kinds.flatMap((kind) => [...kind.keys()]))].sort();
    const dependencies = names.map((name) => findPackage(folder, name)).filter((found) => found !== null);
    reached.set(folder, { folder, json, dependencies });
    pending.push(...dependencies.map((found) => found.folder));
  }
  return reached;
}

/** Where Node finds a package from a folder: the nearest node_modules above that has it. */
function findPackage(from: string, name: string): Found | null {
  if (!isPackageName(name)) return null;
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (basename(at) !== "node_modules" && existsSync(join(candidate, "package.json"))) {
      return { folder: realpathSync(candidate), at };
    }
    if (at === dirname(at)) return null;
  }
}

/** A name from a package.json may hold anything; only what npm lets be a name becomes a path. */
export function isPackageName(name: string): boolean {
  return /^(@[^/\\\0]+\/)?[^/\\\0@.][^/\\\0]*$/.test(name) && !name.startsWith("@.");
}
