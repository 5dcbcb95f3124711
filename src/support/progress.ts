/** The stages a verb goes through, in the order in which they are reported. */
export type Stage =
  "waiting" | "fetching" | "reading" | "planning" | "packing" | "checking" | "restoring" | "relocating" | "publishing" | "sending";

/**
 * How far a verb has come. `done` and `total` count the same unit: bytes of file content in the
 * stages that move bytes, entries in the others; `total` is null while it is not known.
 */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number | null;
  /** While waiting: for whom, one line, and `done` counts seconds. While fetching: what, where neither bytes nor entries are known. */
  readonly detail?: string;
}

export type ProgressListener = (progress: Progress) => void;

/** Something the user should know that did not stop the work; the message is one line. */
export interface Notice {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
}
