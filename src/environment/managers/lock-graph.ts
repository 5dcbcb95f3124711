import { nameOf, reachKeys, type LockGraph } from "./locked.js";
import type { DevelopmentFlags, Project } from "./manager.js";

/**
 * What a lockfile tells of development: a package is for development only where no way leads to its name and
 * version without devDependencies.
 */
export function flagsOf({ file, packages, needed }: LockGraph, project: Project): DevelopmentFlags {
  const reached = reachKeys(packages, needed);
  const nodes = [...packages].map(([key, { id }]) => ({ id, name: nameOf(id), isNeeded: reached.has(key) }));
  const byId = groupNeeds(nodes.map(({ id, isNeeded }) => [id, isNeeded]));
  const byName = groupNeeds(nodes.map(({ name, isNeeded }) => [name, isNeeded]));
  const needs = new Map<string, boolean | undefined>();
  for (const { path, json } of project.installed) {
    if (json === "broken" || json.name === null) continue;
    // What came from an address or a folder is locked under that in place of a version.
    needs.set(path, byId.get(`${json.name}@${json.version ?? ""}`) ?? byName.get(json.name));
  }
  return { file, isKnown: (path) => needs.get(path) !== undefined, isDevelopment: (path) => needs.get(path) === false };
}

/** Whether one of each group is needed. */
export function groupNeeds(pairs: readonly (readonly [string, boolean])[]): ReadonlyMap<string, boolean> {
  const needs = new Map<string, boolean>();
  for (const [name, isNeeded] of pairs) needs.set(name, isNeeded || (needs.get(name) ?? false));
  return needs;
}
