import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvpackError } from "../errors.js";

/** Bytes: as many as the longest index has. */
const LIMIT = 1 << 30;

/** Not through a link, and without waiting for the other end of a pipe. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads one of envpack's own files in a restored environment. Any program may have unpacked that, so
 * what stands there may be a link, a pipe or a device, and their folder a link: then it is refused.
 *
 * @returns null where there is none
 * @throws EnvpackError NOT_AN_ENVIRONMENT; system errors as they are
 */
export async function readOwnFile(folder: string, arcpath: string): Promise<Buffer | null> {
  const path = join(folder, arcpath);
  const handle = await openFile(path);
  if (handle === null) return null;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > LIMIT) throw refuse(path);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    // A link in the folder's place could lead to another environment's records.
    if ((await lstat(dirname(path))).isSymbolicLink()) throw refuse(path);
    return await open(path, FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    // A link; a socket or a device without a driver.
    if (code === "ELOOP" || code === "ENXIO" || code === "ENODEV") throw refuse(path);
    throw error;
  }
}

function refuse(path: string): EnvpackError {
  return new EnvpackError("NOT_AN_ENVIRONMENT", "a record of the environment is no plain file", { path });
}
