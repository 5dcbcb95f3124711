import { constants } from "node:os";

/**
 * Every way in which envpack refuses or fails, as one union. A code is part of the public API: it
 * never changes its meaning. What the codes mean is told in docs/errors.md, a row each.
 */
export type ErrorCode =
  // wrong use of a command or of the API (exit status 2)
  | "USAGE"
  // the environment cannot be packed
  | "NOT_AN_ENVIRONMENT"
  | "NOT_INSTALLED"
  | "LOCK_MISMATCH"
  | "RUNTIME_NOT_FOUND"
  | "RUNTIME_NOT_PORTABLE"
  | "RUNTIME_INTEGRITY"
  | "ADDON_MISMATCH"
  | "INSTALLED_FOR_OTHER_PLATFORM"
  | "LOCKFILE_UNFIT"
  | "CROSS_INSTALL_FAILED"
  | "NATIVE_UNAVAILABLE"
  | "LINK_ESCAPES"
  | "LINK_NEEDED"
  | "NAME_NOT_PORTABLE"
  | "NAME_COLLISION"
  | "SPECIAL_FILE"
  | "SECRET_FOUND"
  | "SOURCE_CHANGED"
  | "SOURCE_UNREADABLE"
  | "NOT_A_PARCEL"
  // the archive is not to be trusted
  | "NOT_AN_ARCHIVE"
  | "ARCHIVE_CORRUPT"
  | "ARCHIVE_RECODED"
  | "ARCHIVE_UNSAFE"
  | "ARCHIVE_TOO_NEW"
  | "ARCHIVE_LIMIT"
  | "DIGEST_MISMATCH"
  | "SIGNATURE_INVALID"
  | "EVIDENCE_MISSING"
  | "EVIDENCE_INVALID"
  | "NOT_EXPECTED"
  | "CODEC_MISSING"
  | "ARCHIVE_UNFIT"
  | "LAYER_BASE"
  | "REPORT_INVALID"
  | "RECORD_INVALID"
  | "TRACE_UNPROVED"
  // images and registries
  | "IMAGE_BASE"
  | "IMAGE_INVALID"
  | "REGISTRY_REFUSED"
  | "REGISTRY_FAILED"
  // the target or the machine does not take it
  | "OUTPUT_EXISTS"
  | "TARGET_EXISTS"
  | "TARGET_BUSY"
  | "TARGET_UNSUITABLE"
  | "PLATFORM_MISMATCH"
  | "RELOCATION_FAILED"
  | "VERIFY_DIFFERS"
  | "ENGINE_UNREACHABLE"
  | "COMMAND_FAILED"
  | "NO_SPACE"
  | "NO_PERMISSION"
  | "IO"
  | "INTERRUPTED";

/** What else is known of an error. */
export interface ErrorDetails {
  /** The file, folder or archive entry at fault. */
  readonly path?: string;
  /** What the user can do about it: one sentence without a full stop. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The one error type that leaves the public API: the message is one line, without a full stop. */
export class EnvpackError extends Error {
  override readonly name = "EnvpackError";
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.hint = details.hint;
  }
}

const SYSTEM_CODES = new Map<string, readonly [ErrorCode, string, string | undefined]>([
  ["ENOSPC", ["NO_SPACE", "no space left on the disk", "free some space, or name another disk"]],
  ["EDQUOT", ["NO_SPACE", "the disk quota is used up", "free some space, or name another disk"]],
  ["EFBIG", ["NO_SPACE", "the file is larger than this disk or user may hold", undefined]],
  ["EACCES", ["NO_PERMISSION", "permission denied", "look at its owner and mode, and those of the folders above"]],
  ["EPERM", ["NO_PERMISSION", "operation not permitted", undefined]],
  ["EROFS", ["NO_PERMISSION", "the file system is read-only", "name a folder that can be written"]],
  ["EMFILE", ["IO", "this process may open no more files", "raise the limit (`ulimit -n 256`), or use fewer threads (`-j 1`)"]],
  ["EPIPE", ["IO", "the reader went away", undefined]],
  ["ENOENT", ["IO", "no such file or folder", "look at the spelling; a relative path begins at the current folder"]],
  ["ENOTDIR", ["IO", "a part of the path is not a folder", "look at the spelling of the path"]],
  ["ENAMETOOLONG", ["IO", "the path is longer than this system allows", "choose a shorter folder"]],
]);

/**
 * Turns whatever was thrown into an EnvpackError: system errors keep their errno in the message, an
 * abort becomes INTERRUPTED, an EnvpackError is returned as it is, and anything else (a fault of
 * envpack itself) is passed on unchanged.
 *
 * @param doing what was being tried, as in "cannot write the archive"
 */
export function explainError(error: unknown, doing: string, path?: string): unknown {
  if (error instanceof EnvpackError || !(error instanceof Error)) return error;
  if (error.name === "AbortError") return new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
  const system = error as NodeJS.ErrnoException;
  if (typeof system.code !== "string" || typeof system.syscall !== "string") return error;
  const name = nameSystemError(system.code, system.errno);
  const [code, reason, hint] = SYSTEM_CODES.get(name) ?? ["IO", system.syscall, undefined];
  return new EnvpackError(code, `${doing}: ${reason} (${name})`, {
    path: path ?? system.path,
    hint,
    cause: error,
  });
}

/** libuv has no name for a used up quota: its code is "UNKNOWN" there, or "Unknown system error -122". */
function nameSystemError(code: string, errno: number | undefined): string {
  return errno !== undefined && -errno === constants.errno.EDQUOT ? "EDQUOT" : code;
}
