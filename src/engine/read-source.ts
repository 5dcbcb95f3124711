import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { EnvpackError, explainError } from "../errors.js";
import type { FileIdentity } from "../archive/entry.js";

/** A fifo that took a file's place must not block the thread. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads bytes of a file into `target`, and makes sure that the file is still the one that was planned:
 * its identity is compared after reading, so that a change before or meanwhile shows. The time of the
 * inode's change (ctime) does not count: a package manager that links a file of its store into another
 * project moves it without touching the content.
 *
 * @param position offset in the file
 * @throws EnvpackError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function readSource(file: string, identity: FileIdentity, target: Buffer, at: number, position: number, length: number): void {
  let fd: number | undefined;
  try {
    fd = openSync(file, FLAGS);
    for (let done = 0; done < length; ) {
      const count = readSync(fd, target, at + done, length - done, position + done);
      if (count === 0) throw changed(file);
      done += count;
    }
    const now = fstatSync(fd);
    const same =
      now.size === identity.size &&
      now.mtimeMs === identity.mtimeMs &&
      now.ino === identity.ino &&
      now.dev === identity.dev;
    if (!same) throw changed(file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function changed(file: string): EnvpackError {
  return new EnvpackError("SOURCE_CHANGED", "a file changed while it was being packed", {
    path: file,
    hint: "pack again when nothing writes to the environment",
  });
}

function explain(error: unknown, file: string): unknown {
  if (error instanceof EnvpackError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ENXIO") return changed(file);
  const explained = explainError(error, "cannot read a file", file);
  if (!(explained instanceof EnvpackError)) return explained;
  return new EnvpackError("SOURCE_UNREADABLE", explained.message, { path: file, hint: explained.hint, cause: error });
}
