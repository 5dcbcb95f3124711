import type { PackageJson } from "../package-json.js";
import type { LockedNode, LockGraph } from "./locked.js";
import type { Project } from "./manager.js";

/** The lockfile of both Yarns. */
export const YARN_LOCK = "yarn.lock";

/** An entry of yarn.lock, of either form. */
export interface YarnEntry {
  /** "debug@^4.0.0", "debug@npm:^4.0.0" */
  readonly descriptors: readonly string[];
  readonly version: string;
  readonly dependencies: ReadonlyMap<string, string>;
  readonly optionalDependencies: ReadonlyMap<string, string>;
}

/**
 * Finds the entries that a name and a range lead to, each by its first descriptor. Where none has that range, all of that
 * name may be meant: `resolutions` and catalogs put another range in its place, and Yarn 4 writes behind that of a folder
 * or a patch who asks for it ("helper@file:../helper::locator=app%40workspace%3A.").
 */
export type FindEntry = (name: string, range: string) => readonly string[];

export function entryFinder(entries: readonly YarnEntry[]): FindEntry {
  const keys = new Map<string, string>();
  const named = new Map<string, Set<string>>();
  for (const { descriptors } of entries) {
    const key = descriptors[0] as string;
    for (const one of descriptors) {
      keys.set(one, key);
      const name = one.slice(0, one.indexOf("@", 1));
      named.set(name, (named.get(name) ?? new Set()).add(key));
    }
  }
  return (name, range) => {
    const found = keys.get(`${name}@${range}`) ?? keys.get(`${name}@npm:${range}`);
    return found === undefined ? [...(named.get(name) ?? [])] : [found];
  };
}

/** The lockfile as a graph, begun with what the project and its members depend on but for development. */
export function graphOfYarn(entries: readonly YarnEntry[], project: Project): LockGraph {
  const find = entryFinder(entries);
  const packages = new Map<string, LockedNode>();
  for (const { descriptors, version, dependencies, optionalDependencies } of entries) {
    const key = descriptors[0] as string;
    packages.set(key, {
      id: `${packageName(key)}@${version}`,
      dependencies: [...dependencies, ...optionalDependencies].flatMap(([name, range]) => find(name, range)),
    });
  }
  const owners = [project.json, ...project.members.map(({ json }) => json)];
  return { file: YARN_LOCK, packages, needed: owners.flatMap((json) => neededBy(json).flatMap(([name, range]) => find(name, range))) };
}

function neededBy(json: PackageJson): [string, string][] {
  return [json.dependencies, json.optionalDependencies].flatMap((kind) => [...kind]);
}

/** "@s/name@npm:^1.0.0" and an alias "short@npm:long@^1.0.0": the package's own name. */
export function packageName(descriptor: string): string {
  const at = descriptor.indexOf("@", 1);
  const alias = /^npm:((?:@[^/]+\/)?[^@/]+)@/.exec(descriptor.slice(at + 1));
  return alias?.[1] ?? descriptor.slice(0, at);
}
