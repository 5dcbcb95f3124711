import { open, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { META } from "../archive/entry.js";
import { EnvpackError } from "../support/errors.js";
import { assertReplaceable, type ReplaceOptions } from "./replaceable.js";
import { inspectTarget, refuseExisting, type Target } from "./target.js";
import { noteParts, type Staging } from "./staging.js";

/**
 * Makes a staged environment appear at its target: by one rename, by two where it replaces something,
 * or part by part in a folder that was empty (its `.envpack` comes last). If it does not succeed, the
 * target is as it was.
 *
 * @throws EnvpackError TARGET_EXISTS where something came into being there meanwhile, TARGET_UNSUITABLE
 */
export async function publish(staging: Staging, target: Target, force: boolean, options: ReplaceOptions = {}): Promise<void> {
  // The records by which `verify` finds what a power cut may have taken from the files: waiting for the
  // disk to hold all of those doubles the time of a restore (measured on ext4), which no engine wants.
  for (const path of [META.index, META.folder, ""]) await sync(join(staging.tree, path));
  if (target.way === "inside") await moveUp(staging, target.path);
  else if (force && (await inspectTarget(target.path)) !== "absent") await swap(staging, target.path, options);
  else await moveOver(staging.tree, target.path);
  await sync(target.way === "inside" ? target.path : dirname(target.path));
}

async function moveOver(tree: string, path: string): Promise<void> {
  try {
    await rename(tree, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") throw await refuseExisting(path);
    throw error;
  }
}

async function swap(staging: Staging, path: string, options: ReplaceOptions): Promise<void> {
  // Looked at again: programs may have written there while this one was restored.
  if ((await inspectTarget(path)) !== "empty") await assertReplaceable(path, options);
  try {
    await rename(path, staging.old);
  } catch (error) {
    throw explainSwap(error, path);
  }
  try {
    await rename(staging.tree, path);
  } catch (error) {
    await rename(staging.old, path);
    throw error;
  }
}

/** Why the kernel did not let the old one be moved away, where it is a reason that a user can do something about. */
function explainSwap(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EBUSY") {
    return new EnvpackError("TARGET_UNSUITABLE", "the target is a mount and cannot be replaced", {
      path,
      hint: "empty it first, or name a folder below it",
      cause: error,
    });
  }
  if (code !== "EXDEV") return error;
  // overlayfs moves no folder that comes from a layer below (its documentation, "Renaming directories").
  return new EnvpackError("TARGET_UNSUITABLE", "the target comes with an image's layer, from which the system moves no folder away", {
    path,
    hint: "remove it first (`rm -r`), or unpack to a new folder and let a link lead there: --current LINK",
    cause: error,
  });
}

async function moveUp(staging: Staging, path: string): Promise<void> {
  if ((await inspectTarget(path)) !== "empty") throw await refuseExisting(path);
  const names = (await readdir(staging.tree)).sort((a, b) => Number(a === META.folder) - Number(b === META.folder));
  await noteParts(staging, names);
  const moved: string[] = [];
  try {
    for (const name of names) {
      await rename(join(staging.tree, name), join(path, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved.reverse()) await rename(join(path, name), join(staging.tree, name));
    throw error;
  }
}

/** Waits until the disk holds a file's content, or the names in a folder. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
