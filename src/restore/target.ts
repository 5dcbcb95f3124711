import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolders, removeMade } from "../support/make-folders.js";
import { EnvpackError } from "../support/errors.js";
import { INSIDE, isLockName, isStagingName, isWorkInside } from "./own-staging.js";
import { refuseForeignOwner } from "../support/owner.js";
import { assertReplaceable, holdsEnvironment, type ReplaceOptions } from "./replaceable.js";
import { sha256Of } from "../support/digest.js";

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

/** What stands at a path; a link is never followed. What unpackers left does not count: locks, and folders that bear a seal. */
export async function inspectTarget(path: string): Promise<TargetState> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (stats === null) return "absent";
  if (!stats.isDirectory()) return "other";
  for (const name of await readdir(path)) if (!(await isWorkInside(path, name))) return "full";
  return "empty";
}

/** Whether unpackers were or are at work in a folder; not, as far as can be told, where it cannot be listed. */
async function isLittered(workplace: string, prefix: string): Promise<boolean> {
  return (await readdir(workplace).catch(() => [])).some((name) => isStagingName(name, prefix) || isLockName(name, prefix));
}

/** What is said where a target is there and nobody asked to replace it: the hint speaks of --force where that would do. */
export async function refuseExisting(path: string): Promise<EnvpackError> {
  if (await holdsEnvironment(path)) {
    return new EnvpackError("TARGET_EXISTS", "the target exists", { path, hint: "name another folder, or replace it with --force" });
  }
  // What --force says of it is what there is to say.
  return assertReplaceable(path).then(
    () => new EnvpackError("TARGET_EXISTS", "the target exists", { path, hint: "name another folder" }),
    (error: unknown) => {
      if (!(error instanceof EnvpackError)) throw error;
      return new EnvpackError("TARGET_EXISTS", error.message, { path, hint: error.hint });
    },
  );
}

/**
 * Settles where to work; makes the folders above the target where they are missing. Where a target that
 * exists is littered it is not refused yet: what was begun there is to be undone first, and the target opened anew.
 *
 * @param options `settled`: that was done
 * @throws EnvpackError TARGET_EXISTS, TARGET_UNSUITABLE
 */
export async function openTarget(
  given: string,
  force: boolean,
  options: ReplaceOptions & { readonly settled?: boolean } = {},
): Promise<Target> {
  const absolute = resolve(given);
  const name = basename(absolute);
  if (name === "" || /[\p{Cc}\p{Cs}]/u.test(absolute)) {
    throw new EnvpackError("TARGET_UNSUITABLE", "this path cannot hold an environment", { path: absolute, hint: "name another folder" });
  }
  const madeParents = await makeFolders(dirname(absolute));
  const parent = await realpath(dirname(absolute));
  const path = join(parent, name);
  const state = await inspectTarget(path);
  const litteredInside = (state === "empty" || state === "full") && (await isLittered(path, INSIDE));
  if (state === "empty" || (litteredInside && options.settled !== true)) {
    await refuseForeignFolder(path);
    return { path, way: "inside", workplace: path, prefix: INSIDE, madeParents, isLittered: litteredInside };
  }
  const prefix = prefixBeside(name);
  const litteredBeside = await isLittered(parent, prefix);
  if (state !== "absent" && force) await assertReplaceable(path, options);
  else if (state !== "absent" && (!litteredBeside || options.settled === true)) throw await refuseExisting(path);
  return { path, way: "beside", workplace: parent, prefix, madeParents, isLittered: litteredBeside };
}

function prefixBeside(name: string): string {
  const long = Buffer.byteLength(name) > LONG_NAME;
  const short = long ? sha256Of(name).slice(0, 16) : name;
  return `.${short}.envpack-`;
}

/** The places of work of a target that is there in which unpackers left something, or are at work. */
export async function findLittered(given: string): Promise<Target[]> {
  const path = await realpath(given);
  const places = [
    { way: "inside", workplace: path, prefix: INSIDE },
    { way: "beside", workplace: dirname(path), prefix: prefixBeside(basename(path)) },
  ] as const;
  const littered: Target[] = [];
  for (const place of places) {
    if (await isLittered(place.workplace, place.prefix)) littered.push({ ...place, path, madeParents: [], isLittered: true });
  }
  return littered;
}

/** Who owns a folder can replace what is put into it: an environment is not restored into somebody else's. */
async function refuseForeignFolder(path: string): Promise<void> {
  refuseForeignOwner(await lstat(path), "the target", path, "name a folder below it that is not there yet, or have its owner restore it");
}

/** Removes the folders above the target that were made for it, unless something else is in them now. */
export async function removeMadeParents(target: Target): Promise<void> {
  await removeMade(target.madeParents);
}
