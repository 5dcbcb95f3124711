import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";

/**
 * Joins two lists of entries into one in the archive's order, adding the folders that are missing.
 * Where both hold a path, the later list wins.
 */
export function mergeEntries(
  entries: readonly PlannedEntry[],
  added: readonly PlannedEntry[],
): readonly PlannedEntry[] {
  const byPath = new Map<string, PlannedEntry>();
  for (const entry of entries) byPath.set(entry.path, entry);
  for (const entry of added) {
    byPath.set(entry.path, entry);
    for (let folder = posix.dirname(entry.path); folder !== "."; folder = posix.dirname(folder)) {
      if (byPath.has(folder)) break;
      byPath.set(folder, { type: "directory", path: folder });
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
