import type { PlannedEntry } from "../archive/entry.js";

/**
 * Those of some paths that entries hold. One look at each entry: a set of all paths, a dozen times over,
 * was a good part of the memory that planning took.
 */
export function foundPaths(entries: readonly PlannedEntry[], wanted: Iterable<string>): ReadonlySet<string> {
  const asked = new Set(wanted);
  const found = new Set<string>();
  if (asked.size === 0) return found;
  for (const { path } of entries) if (asked.has(path)) found.add(path);
  return found;
}

/** The archive's order: by code unit, which puts folders before what they hold. */
export function byPath(a: PlannedEntry, b: PlannedEntry): number {
  return a.path < b.path ? -1 : a.path === b.path ? 0 : 1;
}
