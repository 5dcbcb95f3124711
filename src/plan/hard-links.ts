import type { PlannedEntry, PlannedFile } from "../archive/entry.js";

/**
 * Turns files that are one inode into one file, the first in the archive's order, and hard links to it.
 *
 * @param entries in the archive's order
 * @param inodes `dev:ino` by arcpath, of the files that may share theirs
 */
export function linkSameInodes(entries: readonly PlannedEntry[], inodes: ReadonlyMap<string, string>): readonly PlannedEntry[] {
  if (inodes.size === 0) return entries;
  const first = new Map<string, PlannedFile>();
  return entries.map((entry) => {
    const inode = inodes.get(entry.path);
    if (inode === undefined || entry.type !== "file") return entry;
    const file = first.get(inode);
    if (file !== undefined) return { type: "hardlink", path: entry.path, executable: file.executable, target: file.path };
    first.set(inode, entry);
    return entry;
  });
}
