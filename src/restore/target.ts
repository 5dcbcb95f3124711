import { createHash } from "node:crypto";
import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolders, removeMade } from "../engine/made-folders.js";
import { EnvpackError } from "../errors.js";

/**
 * Where an environment is to appear, and where it is made ready. A folder that does not exist yet is
 * made ready beside its place and gets there by one rename. A folder that exists and is empty may be a
 * mount, somebody's working folder, or have a mode on purpose, so it stays: the environment is made
 * ready inside it, and what it consists of is moved up at the end.
 */
export interface Target {
  /** Absolute; the folders above have their links resolved. */
  readonly path: string;
  readonly way: "beside" | "inside";
  /** The folder that holds the lock and the staging folder: the target's parent, or the target. */
  readonly workplace: string;
  /** What the names of the lock and the staging folder begin with. */
  readonly prefix: string;
  /** The folders above that had to be made, the deepest first. */
  readonly madeParents: readonly string[];
  /** Whether an unpacker of this target is at work, or was killed and left something. */
  readonly isLittered: boolean;
}

export type TargetState = "absent" | "empty" | "full" | "other";

/** Bytes. Longer names are shortened where something has to be added to them. */
const LONG_NAME = 180;

/** `<prefix>PID-RANDOM`; other targets' names cannot look like it. */
const STAGING = /^\d+-[0-9a-f]{12}$/;

/** `<prefix>lock`, and what src/lock.ts makes of it in passing. */
const LOCK = /^lock(?:-[0-9a-f]{16}(?:-dead)?)?$/;

export function isStagingName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && STAGING.test(name.slice(prefix.length));
}

/** Prefix inside a target; `.envpack` itself is the environment's. */
const INSIDE = ".envpack-";

function isOwnName(name: string, prefix: string): boolean {
  return isStagingName(name, prefix) || (name.startsWith(prefix) && LOCK.test(name.slice(prefix.length)));
}

/** What stands at a path; a link is never followed. */
export async function inspectTarget(path: string): Promise<TargetState> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (stats === null) return "absent";
  if (!stats.isDirectory()) return "other";
  return (await readdir(path)).every((name) => isOwnName(name, INSIDE)) ? "empty" : "full";
}

/** Whether unpackers were or are at work in a folder; not, as far as can be told, where it cannot be listed. */
async function isLittered(workplace: string, prefix: string): Promise<boolean> {
  return (await readdir(workplace).catch(() => [])).some((name) => isOwnName(name, prefix));
}

export function refuseExisting(path: string): EnvpackError {
  return new EnvpackError("TARGET_EXISTS", "the target exists", { path, hint: "name another folder, or replace it with --force" });
}

/**
 * Settles where to work; makes the folders above the target where they are missing. Where a target that
 * exists is littered it is not refused yet: the litter is to be cleared first, and the target opened anew.
 *
 * @throws EnvpackError TARGET_EXISTS, TARGET_UNSUITABLE
 */
export async function openTarget(given: string, force: boolean): Promise<Target> {
  const absolute = resolve(given);
  const name = basename(absolute);
  if (name === "" || /[\p{Cc}\p{Cs}]/u.test(absolute)) {
    throw new EnvpackError("TARGET_UNSUITABLE", "this path cannot hold an environment", { path: absolute });
  }
  const madeParents = await makeFolders(dirname(absolute));
  const parent = await realpath(dirname(absolute));
  const path = join(parent, name);
  const state = await inspectTarget(path);
  const litteredInside = (state === "empty" || state === "full") && (await isLittered(path, INSIDE));
  if (state === "empty" || litteredInside) {
    return { path, way: "inside", workplace: path, prefix: INSIDE, madeParents, isLittered: litteredInside };
  }
  const long = Buffer.byteLength(name) > LONG_NAME;
  const short = long ? createHash("sha256").update(name).digest("hex").slice(0, 16) : name;
  const prefix = `.${short}.envpack-`;
  const litteredBeside = await isLittered(parent, prefix);
  if (state !== "absent" && !force && !litteredBeside) throw refuseExisting(path);
  return { path, way: "beside", workplace: parent, prefix, madeParents, isLittered: litteredBeside };
}

/** Removes the folders above the target that were made for it, unless something else is in them now. */
export async function removeMadeParents(target: Target): Promise<void> {
  await removeMade(target.madeParents);
}
