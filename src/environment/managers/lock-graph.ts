import type { DevelopmentFlags, Project } from "./manager.js";

/** A lockfile as a graph: what each locked package depends on, and where the project's packages begin. */
export interface LockGraph {
  /** The lockfile's name, for messages. */
  readonly file: string;
  /** By the lockfile's own key. */
  readonly packages: ReadonlyMap<string, LockedNode>;
  /** Keys that the project and its members depend on but for development. */
  readonly needed: readonly string[];
}

export interface LockedNode {
  /** "name@version", as the installed package's own package.json says it. */
  readonly id: string;
  /** Keys of the packages that it depends on. */
  readonly dependencies: readonly string[];
}

/**
 * What a lockfile tells of development: a package is for development only where no way leads to its name and
 * version without devDependencies.
 */
export function flagsOf({ file, packages, needed }: LockGraph, project: Project): DevelopmentFlags {
  const reached = new Set<string>();
  const pending = [...needed];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const node = packages.get(key);
    if (node === undefined || reached.has(key)) continue;
    reached.add(key);
    pending.push(...node.dependencies);
  }
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
function groupNeeds(pairs: readonly (readonly [string, boolean])[]): ReadonlyMap<string, boolean> {
  const needs = new Map<string, boolean>();
  for (const [name, isNeeded] of pairs) needs.set(name, isNeeded || (needs.get(name) ?? false));
  return needs;
}

function nameOf(id: string): string {
  return id.slice(0, id.indexOf("@", 1));
}
