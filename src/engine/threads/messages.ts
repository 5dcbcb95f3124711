import { EnvpackError, type ErrorCode } from "../../support/errors.js";
import type { CheckJob } from "../read/extract-frame.js";
import type { ListJob } from "./list-folders.js";
import type { PackJob } from "../write/pack-frame.js";

/** What a thread's tasks belong to. */
export type Job = ListJob | PackJob | CheckJob;

/** The tasks behind it are of this job. */
export interface JobMessage {
  readonly job: Job;
}

export interface TaskMessage {
  readonly id: number;
  readonly task: unknown;
}

export type ReplyMessage = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: PlainError };

/** An error as plain data: classes do not survive the way between threads. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly path?: string;
  readonly hint?: string;
  readonly cause?: unknown;
  readonly stack?: string;
}

export function flattenError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  const { message, stack } = error;
  if (!(error instanceof EnvpackError)) return { code: null, message, stack };
  // The cause crosses too, for those who look for it; what cannot be cloned is told in words.
  const cause = error.cause instanceof Error ? new Error(error.cause.message) : undefined;
  return { code: error.code, message, path: error.path, hint: error.hint, cause, stack };
}

export function reviveError({ code, message, path, hint, cause, stack }: PlainError): Error {
  const error = code === null ? new Error(message) : new EnvpackError(code, message, { path, hint, cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
