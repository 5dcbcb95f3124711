import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { EnvpackError, explainError } from "../../support/errors.js";
import type { FileIdentity } from "../../archive/entry.js";

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
    for (let done = 0; done < length;) {
      const count = readSync(fd, target, at + done, length - done, position + done);
      if (count === 0) throw sourceChanged(file);
      done += count;
    }
    if (!isUnchanged(fstatSync(fd), identity)) throw sourceChanged(file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Whether a file is the one that was planned, and as it was then. */
export function isUnchanged(now: Stats, { size, mtimeMs, ino, dev }: FileIdentity): boolean {
  return now.size === size && now.mtimeMs === mtimeMs && now.ino === ino && now.dev === dev;
}

/** What a file is refused with that is not, or no longer, what was planned. */
export function sourceChanged(file: string): EnvpackError {
  return new EnvpackError("SOURCE_CHANGED", "a file changed while it was being packed", {
    path: file,
    hint: "pack again when nothing writes to the environment",
  });
}

function explain(error: unknown, file: string): unknown {
  if (error instanceof EnvpackError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ENXIO") return sourceChanged(file);
  const explained = explainError(error, "cannot read a file", file);
  if (!(explained instanceof EnvpackError)) return explained;
  return new EnvpackError("SOURCE_UNREADABLE", explained.message, { path: file, hint: explained.hint, cause: error });
}
