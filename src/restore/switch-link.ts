import { randomBytes } from "node:crypto";
import { lstat, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { EnvpackError, explainError } from "../support/errors.js";
import { holdsEnvironment } from "./replaceable.js";

/** A symbolic link, such as `current`, that can be made to lead elsewhere in one step. */
export interface SwitchLink {
  /** Absolute; the folders above have their links resolved. */
  readonly path: string;
}

/**
 * Makes sure, before anything is restored, that a path can become the link: nothing is there, or a link that
 * leads to an environment of envpack's or nowhere. Any other link is somebody's way to something else.
 *
 * @param target where the environment is to appear
 * @throws EnvpackError TARGET_UNSUITABLE where something else is there, USAGE, NO_PERMISSION, IO
 */
export async function openSwitchLink(given: string, target: string): Promise<SwitchLink> {
  const absolute = resolve(given);
  if (absolute === resolve(target))
    throw new EnvpackError("USAGE", "the link cannot stand where the environment is to be", {
      path: absolute,
      hint: "name two paths: the folder to make, and the link",
    });
  try {
    const path = join(await realpath(dirname(absolute)), basename(absolute));
    const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (stats !== null && !stats.isSymbolicLink()) {
      throw new EnvpackError("TARGET_UNSUITABLE", "what is to be switched is no link", {
        path,
        hint: "name a symbolic link, or a path where there is nothing yet",
      });
    }
    if (stats !== null) await refuseOtherLink(path);
    // Whether the folder may be written: a link that is made and goes again.
    await rm(await makeBeside(path, "probe"));
    return { path };
  } catch (error) {
    throw explainError(error, "cannot make the link", absolute);
  }
}

async function refuseOtherLink(path: string): Promise<void> {
  const led = await realpath(path).catch(() => null);
  if (led === null || (await holdsEnvironment(led))) return;
  throw new EnvpackError("TARGET_UNSUITABLE", `the link leads to ${led}, which is no environment of envpack's`, {
    path,
    hint: "name another link, or remove this one first",
  });
}

/** Lets the link lead to `target`: who follows it finds the old environment or the new one, and never none. */
export async function switchLink({ path }: SwitchLink, target: string): Promise<void> {
  try {
    const made = await makeBeside(path, relative(dirname(path), target));
    await rename(made, path).catch(async (error: unknown) => {
      await rm(made, { force: true });
      throw error;
    });
  } catch (error) {
    const explained = explainError(error, "the environment was restored, but the link could not be switched", path);
    throw explained;
  }
}

async function makeBeside(path: string, target: string): Promise<string> {
  const made = join(dirname(path), `.envpack-link-${process.pid}-${randomBytes(4).toString("hex")}`);
  await symlink(target, made);
  return made;
}
