import type { PlannedEntry } from "../archive/entry.js";

/** A power of two, some ten times as many as there are packages in a large project. */
const MARKS = 1 << 13;

/**
 * Those of some paths that entries hold, in whatever order. One look at each entry: a set of all paths, a dozen times
 * over, was a good part of the memory that planning took.
 */
export function foundPaths(entries: readonly PlannedEntry[], wanted: Iterable<string>): ReadonlySet<string> {
  const asked = new Set(wanted);
  const found = new Set<string>();
  if (asked.size === 0) return found;
  const mayBe = likeOneOf(asked);
  for (let index = 0; index < entries.length; index++) {
    const { path } = entries[index] as PlannedEntry;
    if (mayBe(path) && asked.has(path)) found.add(path);
  }
  return found;
}

/** Tells of most paths by a few of their characters that they are none of these: to look one up, all of it has to be read. */
export function likeOneOf(paths: Iterable<string>): (path: string) => boolean {
  const marked = new Uint8Array(MARKS);
  for (const path of paths) marked[markOf(path)] = 1;
  return (path) => marked[markOf(path)] === 1;
}

/** A number that differs for most pairs of paths. */
function markOf(path: string): number {
  const { length } = path;
  const middle = path.charCodeAt(length >> 1) * 57 + path.charCodeAt((length * 3) >> 2) * 281;
  return (length * 1031 + path.charCodeAt(length - 1) * 5 + path.charCodeAt(length - 5) * 19 + middle) & (MARKS - 1);
}

/** Where a path stands, or would stand, among entries in the archive's order. */
export function placeOf(entries: readonly PlannedEntry[], path: string): number {
  let from = 0;
  let to = entries.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((entries[middle] as PlannedEntry).path < path) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The archive's order: by code unit, which puts folders before what they hold. */
export function byPath(a: PlannedEntry, b: PlannedEntry): number {
  return a.path < b.path ? -1 : a.path === b.path ? 0 : 1;
}
