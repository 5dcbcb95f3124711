import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

/** What makes a folder one that somebody else could put something into. */
export interface Weakness {
  /** The folder or link at fault: the folder itself, or one above it. */
  readonly path: string;
  /** The end of a sentence about it. */
  readonly what: string;
}

/** As many links as the kernel follows in one path. */
const MOST_LINKS = 40;

/**
 * Looks for who else could write into a folder or swap it: it must belong to this user and be writable by
 * nobody else, and so must, or root's, every folder and link above it. A folder above with the sticky bit, as /tmp,
 * may be open to all. What is not there yet is no weakness. Windows keeps folders apart by other means.
 *
 * @param folder absolute
 * @returns null where only this user and root can
 */
export function findWeakness(folder: string): Weakness | null {
  const user = process.getuid?.();
  if (user === undefined) return null;
  let parts = folder.split("/").filter((part) => part !== "" && part !== ".");
  let at = "/";
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === "..") {
      at = dirname(at);
      continue;
    }
    const path = join(at, part);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    const what = weaknessOf(stats, user, parts.length === 0 && !stats.isSymbolicLink());
    if (what !== null) return { path, what };
    if (!stats.isSymbolicLink()) {
      at = path;
      continue;
    }
    if (++links > MOST_LINKS) return { path, what: "leads in a circle" };
    const target = readlinkSync(path);
    if (target.startsWith("/")) at = "/";
    parts = [...target.split("/").filter((one) => one !== "" && one !== "."), ...parts];
  }
  return null;
}

function weaknessOf(stats: Stats, user: number, isLast: boolean): string | null {
  if (stats.uid !== user && (isLast || stats.uid !== 0)) return "belongs to another user; XDG_CACHE_HOME can name a folder of yours";
  if (stats.isSymbolicLink()) return null;
  if (!stats.isDirectory()) return "is no folder";
  const isSticky = (stats.mode & 0o1000) !== 0;
  return (stats.mode & 0o022) !== 0 && (isLast || !isSticky) ? "can be written by other users; `chmod go-w` on it mends that" : null;
}

/** Whether something in a folder of this user's was put there by this user, and by nobody else since. */
export function isOwn(stats: Pick<Stats, "uid" | "mode">): boolean {
  const user = process.getuid?.();
  return user === undefined || (stats.uid === user && (stats.mode & 0o022) === 0);
}
