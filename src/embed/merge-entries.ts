import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import { byPath, foundPaths, likeOneOf } from "../plan/found-paths.js";

/**
 * Joins two lists of entries into one in the archive's order, adding the folders that are missing.
 * Where both hold a path, the later list wins.
 */
export function mergeEntries(entries: readonly PlannedEntry[], added: readonly PlannedEntry[]): readonly PlannedEntry[] {
  const merged = new Map(added.map((entry) => [entry.path, entry]));
  const folders = new Set<string>();
  for (const { path } of added) {
    for (let folder = posix.dirname(path); folder !== "." && !folders.has(folder); folder = posix.dirname(folder)) folders.add(folder);
  }
  const there = foundPaths(entries, folders);
  for (const path of folders) if (!there.has(path) && !merged.has(path)) merged.set(path, { type: "directory", path });
  const mayBeMerged = likeOneOf(merged.keys());
  return [...entries.filter(({ path }) => !mayBeMerged(path) || !merged.has(path)), ...merged.values()].sort(byPath);
}
