import { constants } from "node:fs";
import { lstat, mkdir, open, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { META, type Entry } from "../../archive/entry.js";
import { readOwnIndex } from "../../archive/meta-file.js";
import { notRestored } from "../../archive/not-restored.js";
import { EnvpackError, explainError } from "../../support/errors.js";

const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const ANY_EXECUTE = 0o111;

/** What was given back. */
export interface RestoredModes {
  /** Files that may be executed again. */
  readonly executable: number;
  /** Folders that were missing. */
  readonly folders: number;
}

/**
 * Gives an environment back what some readers of zips drop: the right to execute, and folders that hold
 * nothing. Goes by its own index, and through no link.
 *
 * @throws EnvpackError NO_PERMISSION, NOT_AN_ENVIRONMENT …
 */
export async function restoreModes(folder: string, signal?: AbortSignal): Promise<RestoredModes> {
  let root = folder;
  try {
    root = await realpath(folder);
    const own = await readOwnIndex(root);
    if (own === null) throw notRestored(folder, META.index);
    const given = { executable: 0, folders: 0 };
    for (const entry of own.index.entries) {
      if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
      if (entry.type === "directory" && (await makeMissing(root, entry))) given.folders++;
      if (entry.type === "file" && entry.executable && (await makeExecutable(join(root, entry.path)))) given.executable++;
    }
    return given;
  } catch (error) {
    const explained = explainError(error, "cannot give back the right to execute", root);
    if (!(explained instanceof EnvpackError) || explained.code !== "NO_PERMISSION") throw explained;
    throw new EnvpackError("NO_PERMISSION", explained.message, {
      path: explained.path,
      hint: "copy the environment to a folder of yours first",
      cause: error,
    });
  }
}

async function makeMissing(root: string, { path }: Entry): Promise<boolean> {
  const file = join(root, path);
  if (await isThere(file)) return false;
  // What stands above may have become a link.
  if ((await realpath(dirname(file)).catch(() => "")) !== dirname(file)) return false;
  await mkdir(file);
  return true;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );
}

/** Whoever may read it may execute it then, as its mode was in the archive. */
async function makeExecutable(file: string): Promise<boolean> {
  const before = await lstat(file).catch(() => null);
  if (before?.isFile() !== true || (before.mode & ANY_EXECUTE) !== 0) return false;
  if ((await realpath(dirname(file))) !== dirname(file)) return false;
  const handle = await open(file, FLAGS);
  try {
    const { mode } = await handle.stat();
    await handle.chmod((mode & 0o777) | ((mode & 0o444) >> 2));
    return true;
  } finally {
    await handle.close();
  }
}
