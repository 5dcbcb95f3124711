import type { PlannedEntry } from "../archive/entry.js";
import type { Notice } from "../support/progress.js";

/** What goes into an archive and what does not. */
export interface Plan {
  /** Sorted by path in code-unit order, folders before what they hold, hard links after their file. */
  readonly entries: readonly PlannedEntry[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** Arcpaths that go in only because `includeSecrets` names them, sorted. */
  readonly includedSecrets: readonly string[];
  /** What was left out of installed packages as not needed to run; absent: nothing was asked for. */
  readonly slim?: SlimReport;
}

/** What `--slim` left out of installed packages. */
export interface SlimReport {
  readonly grade: "safe";
  /** Only those that left something out. */
  readonly rules: readonly SlimmedBy[];
  readonly files: number;
  readonly bytes: number;
  /** What a rule would have left out and stays since something uses it, and what; sorted by path. */
  readonly spared: readonly { readonly path: string; readonly why: string }[];
}

export interface SlimmedBy {
  /** "type declarations" */
  readonly rule: string;
  readonly why: string;
  readonly files: number;
  readonly bytes: number;
}

/** Why something stays behind. */
export type LeftOutReason =
  "excluded" | "development" | "platform" | "workspace" | "beside" | "cache" | "build" | "secret" | "vcs" | "output" | "slim" | "trace";

/** A file, or a whole folder with what it held (which may not have been counted: then null). */
export interface LeftOut {
  /** The arcpath it would have had. */
  readonly path: string;
  readonly reason: LeftOutReason;
  /** Finer than the reason, for a summary: "environment file", "private key", "tool cache" … */
  readonly kind: string;
  readonly files: number | null;
  readonly bytes: number | null;
}
