import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, sep } from "node:path";
import { readPackageJson, type PackageJson } from "./package-json.js";
import { append } from "../support/append.js";

/** A dependency as Node finds it from a package's own folder. */
export interface Found {
  /** What it is imported by. */
  readonly name: string;
  /** The package's folder, absolute, links resolved. */
  readonly folder: string;
  /** The folder whose node_modules had it, absolute. */
  readonly at: string;
}

/** The package.json of folders that are no links, by their absolute path; above them there may be links. */
export type KnownPackages = ReadonlyMap<string, PackageJson | "broken">;

const NOTHING_KNOWN: KnownPackages = new Map();

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
 * @param known what was read before, so that it is not read once more
 * @returns by folder, the starts included
 */
export function findClosure(
  starts: readonly string[],
  development: boolean,
  known: KnownPackages = NOTHING_KNOWN,
): ReadonlyMap<string, Reached> {
  const reached = new Map<string, Reached>();
  const own = new Set(starts);
  const finder = new PackageFinder(known);
  const pending = [...starts].reverse();
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (reached.has(folder)) continue;
    const json = known.get(folder) ?? readPackageJson(folder);
    if (json === "absent" || json === "broken") continue;
    const kinds = [json.dependencies, json.optionalDependencies, json.peerDependencies];
    if (development && own.has(folder)) kinds.push(json.devDependencies);
    const names = [...new Set(kinds.flatMap((kind) => [...kind.keys()]))].sort();
    const dependencies = names.map((name) => finder.find(folder, name)).filter((found) => found !== null);
    reached.set(folder, { folder, json, dependencies });
    append(
      pending,
      dependencies.map((found) => found.folder),
    );
  }
  return reached;
}

/** Where Node finds a package from a folder: the nearest node_modules above that has it. */
export function findPackage(from: string, name: string): Found | null {
  return new PackageFinder(NOTHING_KNOWN).find(from, name);
}

/** Finds packages as they are now: what was seen of a folder once is not looked at again. */
class PackageFinder {
  /** By the folder that a package would lie in: that folder with its links resolved; null where there is none. */
  readonly #folders = new Map<string, string | null>();
  readonly #known: KnownPackages;
  /** Whether folders that hold packages are where their path says, links resolved. */
  readonly #real = new Map<string, boolean>();

  constructor(known: KnownPackages) {
    this.#known = known;
  }

  find(from: string, name: string): Found | null {
    if (!isPackageName(name)) return null;
    for (let at = from; ; at = dirname(at)) {
      const folder = basename(at) === "node_modules" ? null : this.#look(`${at === sep ? "" : at}${sep}node_modules${sep}${name}`);
      if (folder !== null) return { name, folder, at };
      if (at === dirname(at)) return null;
    }
  }

  #look(candidate: string): string | null {
    const known = this.#folders.get(candidate);
    if (known !== undefined) return known;
    const folder = this.#isThere(candidate) ? candidate : existsSync(`${candidate}${sep}package.json`) ? realpathSync(candidate) : null;
    this.#folders.set(candidate, folder);
    return folder;
  }

  /** Whether a known package lies there, and no link leads to it. */
  #isThere(candidate: string): boolean {
    if (!this.#known.has(candidate)) return false;
    const above = dirname(candidate);
    const isReal = this.#real.get(above) ?? realpathSync(above) === above;
    this.#real.set(above, isReal);
    return isReal;
  }
}

/** A name from a package.json may hold anything; only what npm lets be a name becomes a path. */
export function isPackageName(name: string): boolean {
  return /^(@[^/\\\0]+\/)?[^/\\\0@.][^/\\\0]*$/.test(name) && !name.startsWith("@.");
}
