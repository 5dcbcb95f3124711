import type { SandboxKind } from "./sandbox/sandbox.js";

/** What was tried. */
export type TrialKind = "links" | "libraries" | "import" | "command" | "entry" | "user";

/**
 * "ok"; "failed"; "as before": it fails at the source too, so that it is not the move that broke it; "skipped": there
 * was nothing to try.
 */
export type Outcome = "ok" | "failed" | "as before" | "skipped";

/** One thing that was tried, and how it went. */
export interface Trial {
  readonly kind: TrialKind;
  /** A package, a command, a script, a command line. */
  readonly name: string;
  /** Of an import: whether the importing script lies in the project or elsewhere. */
  readonly from: "project" | "elsewhere" | null;
  readonly outcome: Outcome;
  /** What was seen: "required, imported", "ended with status 1". */
  readonly detail: string;
  /** Why it failed, in one line; null: it did not, or nothing is known. */
  readonly reason: string | null;
  readonly seconds: number;
}

/** Files outside of the environment that were opened while it was tried. */
export interface Opened {
  /** "strace": all files; "maps": libraries and modules that were loaded, as node and the kernel tell. */
  readonly by: "strace" | "maps";
  /** Sorted. */
  readonly files: readonly string[];
  /** Places of this machine that were looked for and are not there inside: the source, homes. */
  readonly missed: readonly string[];
}

/** What was done in one sandbox. */
export interface ProofRun {
  /** The name of the conditions: "worker", "yarn" … */
  readonly conditions: string;
  readonly sandbox: SandboxKind;
  /** Where the environment stood. */
  readonly place: string;
  readonly hidden: readonly string[];
  /** What could not be hidden. */
  readonly visible: readonly string[];
  readonly trials: readonly Trial[];
  readonly opened: Opened;
  readonly ok: boolean;
  readonly seconds: number;
}
