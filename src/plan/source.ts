import { accessSync, constants, type Stats } from "node:fs";
import { findTextFault } from "../archive/path-rules.js";
import { EnvpackError, explainError } from "../errors.js";

/** What an entry of a folder is, as far as packing tells things apart. */
export type SourceType = "folder" | "file" | "symlink" | "special";

/** The type of what lstat found. */
export function typeOf(stats: Stats): SourceType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "symlink" : "special";
}

/** A socket, fifo or device has no content to carry; opening one may block or act. */
export function refuseSpecial(stats: Stats, file: string): never {
  const other = stats.isSocket() ? "socket" : "device";
  throw new EnvpackError("SPECIAL_FILE", `a ${stats.isFIFO() ? "named pipe" : other} cannot be packed`, {
    path: file,
    hint: "remove it, or leave it out with `--exclude`",
  });
}

/** Node turns bytes that are no UTF-8 into U+FFFD, which findTextFault refuses. */
export function checkTarget(target: string, file: string): string {
  refuseName(findTextFault(target), file);
  return target;
}

/** Throws NAME_NOT_PORTABLE where there is a fault: names are shown escaped by whoever prints them. */
export function refuseName(fault: string | null, file: string): void {
  if (fault === null) return;
  throw new EnvpackError("NAME_NOT_PORTABLE", `${fault} cannot be packed`, {
    path: file,
    hint: "rename it, or leave it out with `--exclude`",
  });
}

/** Throws SOURCE_UNREADABLE where this user may not read a file. Asks the system only where the mode does not tell. */
export function refuseUnreadable(stats: Stats, file: string): void {
  if ((stats.mode & 0o004) !== 0) return;
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw unreadable(error, file);
  }
}

/** A file that was listed a moment ago and is gone has been changed while packing. */
export function unreadable(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new EnvpackError("SOURCE_CHANGED", "something vanished while it was being packed", { path, cause: error });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new EnvpackError("SOURCE_UNREADABLE", `this user may not read here (${code})`, {
      path,
      hint: "make it readable, or leave it out with `--exclude`",
      cause: error,
    });
  }
  return explainError(error, "cannot read the environment", path);
}
