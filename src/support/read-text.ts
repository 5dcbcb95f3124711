import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { EnvpackError } from "./errors.js";

/** What stands in place of a text that cannot be one. */
export class TextRefused extends EnvpackError {
  constructor(what: string, path: string, hint?: string) {
    super("SOURCE_UNREADABLE", what, { path, hint });
  }
}

/** Bytes of a text from outside, such as a package.json, that is read: a thousand times what most have. */
export const TEXT_LIMIT = 16 << 20;

/** Bytes of a lockfile, or of Plug'n'Play's packages: ten times what the largest workspaces have. */
export const LOCK_LIMIT = 64 << 20;

/**
 * Reads a text of bounded size. What is no file (a pipe would be waited for without end) or is larger is not read.
 *
 * @param limit in bytes
 * @throws TextRefused (SOURCE_UNREADABLE), or the system's error
 */
export function readShortText(file: string, limit = TEXT_LIMIT, encoding: "utf8" | "latin1" = "utf8"): string {
  return readShortFile(file, limit).toString(encoding);
}

/**
 * As readShortText, as bytes.
 *
 * @param mayBePipe whether a pipe is read as well, and waited for
 */
export function readShortFile(file: string, limit = TEXT_LIMIT, mayBePipe = false): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | (mayBePipe ? 0 : (constants.O_NONBLOCK ?? 0)));
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR", syscall: "read", path: file });
    if (!stats.isFile() && !(mayBePipe && stats.isFIFO())) throw new TextRefused("this is no file that could be read", file);
    if (stats.size > limit) throw tooLarge(file, limit);
    return readUpTo(descriptor, Math.max(stats.size, 1 << 12), limit, file);
  } finally {
    closeSync(descriptor);
  }
}

/** A file of /proc says that it is empty, and one may grow: so it is read until its end, or its limit. */
function readUpTo(descriptor: number, expected: number, limit: number, file: string): Buffer {
  let bytes = Buffer.allocUnsafe(expected + 1);
  let length = 0;
  for (;;) {
    if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > limit) throw tooLarge(file, limit);
  }
}

function tooLarge(file: string, limit: number): TextRefused {
  return new TextRefused(`the file is larger than envpack reads (${limit >> 20} MiB)`, file, "look whether it is what its name says");
}
