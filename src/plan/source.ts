import { accessSync, constants, readlinkSync } from "node:fs";
import { findPathFault, findTextFault } from "../archive/path-rules.js";
import { EnvpackError, explainError } from "../support/errors.js";

/** A socket, fifo or device has no content to carry; opening one may block or act. */
export function refuseSpecial(mode: number, file: string): never {
  const format = mode & constants.S_IFMT;
  const what = format === constants.S_IFIFO ? "named pipe" : format === constants.S_IFSOCK ? "socket" : "device";
  throw new EnvpackError("SPECIAL_FILE", `a ${what} cannot be packed`, {
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

/** Whether a mode tells that this user may read a file, like all others. */
export function isReadByAll(mode: number): boolean {
  return (mode & 0o004) !== 0;
}

/** Throws SOURCE_UNREADABLE where this user may not read a file. Asks the system only where the mode does not tell. */
export function refuseUnreadable(mode: number, file: string): void {
  if (isReadByAll(mode)) return;
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw unreadable(error, file);
  }
}

/** A file that was listed a moment ago and is gone has been changed while packing. */
export function unreadable(error: unknown, path: string): unknown {
  if (error instanceof EnvpackError) return error;
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

/**
 * Plain paths need no closer look: printable ASCII without a backslash or a colon. To look at a path as a
 * whole makes one string of it, while the parts that it was put together from can still be dropped cheaply.
 */
const PLAIN_PATH = /^[ !-9;-[\]-~]{1,1364}$/;
const PLAIN_PATH_LENGTH = 1364;
const PLAIN_NAME_LENGTH = 255;

/** Whether every plain name that is put behind an arcpath with its "/" makes one that any archive can hold. */
export function isPlainStart(start: string): boolean {
  return start.length <= PLAIN_PATH_LENGTH - PLAIN_NAME_LENGTH && PLAIN_PATH.test(start);
}

/** @throws EnvpackError where no archive can hold the name */
export function checkName(arcpath: string, name: string, file: string): void {
  if (PLAIN_PATH.test(arcpath) && name.length <= PLAIN_NAME_LENGTH) return;
  refuseName(findPathFault(arcpath, "linux"), file);
}

/** Where a symbolic link leads, as it stands there. @throws EnvpackError SOURCE_UNREADABLE */
export function readTarget(file: string): string {
  try {
    return readlinkSync(file);
  } catch (error) {
    throw unreadable(error, file);
  }
}
