import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { LOCK_ENDINGS } from "../support/lock.js";
import { readSealed, writeSealed } from "./sealed-record.js";
import { belongsToUser } from "../support/owner.js";

/** Prefix of work names inside a target; `.envpack` itself is the environment's. */
export const INSIDE = ".envpack-";

/** `<prefix>PID-RANDOM`; other targets' names cannot look like it. */
const STAGING = /^\d+-[0-9a-f]{12}$/;

/** `<prefix>lock`, and what src/support/lock.ts makes of it in passing. */
const LOCK = new RegExp(`^${LOCK_ENDINGS}$`);

export function isStagingName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && STAGING.test(name.slice(prefix.length));
}

export function isLockName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && LOCK.test(name.slice(prefix.length));
}

/** Whether a name in the root of a target is there for an unpacker's work: a lock, or a folder that bears a seal. */
export async function isWorkInside(target: string, name: string): Promise<boolean> {
  return isLockName(name, INSIDE) || (isStagingName(name, INSIDE) && (await isOwnStaging(join(target, name))));
}

/** The file by which a staging folder is known as this user's envpack's. */
export const MARK = "mark.json";

/** Marks a staging folder that was just made. */
export async function markStaging(folder: string): Promise<void> {
  await writeSealed(folder, MARK, JSON.stringify({ pid: process.pid }));
}

/**
 * Whether a folder of a staging folder's name is one that this user's envpack made: it bears the mark's seal,
 * or holds nothing, as when its envpack was killed before it could mark it. The name alone says nothing: an
 * archive that a plain tar unpacked may have brought it.
 */
export async function isOwnStaging(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => null);
  if (stats?.isDirectory() !== true) return false;
  // In a folder that all may write, such as /tmp, others could make one up.
  if (!belongsToUser(stats)) return false;
  if ((await readSealed(folder, MARK)) !== null) return true;
  return (await readdir(folder).catch(() => [MARK, ""])).every((name) => name === MARK);
}
