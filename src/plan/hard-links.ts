import type { PlannedEntry } from "../archive/entry.js";

/**
 * Turns files that are one inode into one file, the first in the archive's order, and hard links to it.
 *
 * @param entries in the archive's order
 * @param inodes `dev:ino` by arcpath, of the files that may share theirs
 */
export function linkSameInodes(
  entries: readonly PlannedEntry[],
  inodes: ReadonlyMap<string, string>,
): readonly PlannedEntry[] {
  const first = new Map<string, string>();
  return entries.map((entry) => {
    const inode = entry.type === "file" ? inodes.get(entry.path) : undefined;
    if (inode === undefined) return entry;
    const target = first.get(inode);
    if (target !== undefined) return { type: "hardlink", path: entry.path, target };
    first.set(inode, entry.path);
    return entry;
  });
}
