/** The stages a verb goes through, in the order in which they are reported. */
export type Stage = "reading" | "planning" | "packing" | "checking" | "restoring" | "relocating" | "publishing";

/**
 * How far a verb has come. `done` and `total` count the same unit: bytes of file content in the
 * stages that move bytes, entries in the others; `total` is null while it is not known.
 */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number | null;
}

export type ProgressListener = (progress: Progress) => void;

/** Something the user should know that did not stop the work; the message is one line. */
export interface Notice {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
}
