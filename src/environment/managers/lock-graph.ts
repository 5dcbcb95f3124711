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
  /** May be absent: for another platform, or its installation failed. */
  readonly optional?: boolean;
}

/**
 * What a lockfile tells of development: a package is for development only where no way leads to its name and
 * version without devDependencies.
 */
export function flagsOf({ file, packages, needed }: LockGraph, project: Project): DevelopmentFlags {
  const reached = reach(packages, needed);
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

/** Keys of the packages that can be reached from these. */
function reach(packages: LockGraph["packages"], from: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const pending = [...from];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const node = packages.get(key);
    if (node === undefined || reached.has(key)) continue;
    reached.add(key);
    pending.push(...node.dependencies);
  }
  return reached;
}

/**
 * Packages ("name@version", in the lockfile's order) that are not installed though they are reached from
 * `from`. Of what came from an address or a folder the name is enough. Where none of them is installed,
 * they lie elsewhere: nothing is said then.
 */
export function findMissing(packages: LockGraph["packages"], from: readonly string[], { installed }: Project): string[] {
  const present = new Set(installed.flatMap(({ json }) => (json === "broken" || json.name === null ? [] : [json.name, `${json.name}@${json.version ?? ""}`])));
  const reached = reach(packages, from);
  const wanted = [...packages].filter(([key, { optional }]) => reached.has(key) && optional !== true).map(([, { id }]) => id);
  const missing = wanted.filter((id) => !present.has(/@\d[^@]*$/.test(id) ? id : nameOf(id)));
  return missing.length === wanted.length ? [] : [...new Set(missing)];
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
