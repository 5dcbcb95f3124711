import { EnvpackError, type ErrorCode } from "../errors.js";
import type { CheckJob } from "./extract-frame.js";
import type { ListJob } from "./list-folders.js";
import type { PackJob } from "./pack-frame.js";

/** What a thread's tasks belong to. */
export type Job = ListJob | PackJob | CheckJob;

/** `workerData` of the engine's threads. */
export interface ThreadData {
  readonly envpackThread: true;
}

/** A result, and the buffers in it that are handed over rather than copied. */
export interface Outcome {
  readonly result: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

export type Handler = (task: never) => Outcome;

/** The tasks behind it are of this job. */
export interface JobMessage {
  readonly job: Job;
}

export interface TaskMessage {
  readonly id: number;
  readonly task: unknown;
}

export type ReplyMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError };

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

/** Bytes as something that can be handed over whole: a copy where they are a part of a larger buffer. */
export function detach(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return whole ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
