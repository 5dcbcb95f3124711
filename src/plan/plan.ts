import type { PlannedEntry } from "../archive/entry.js";
import type { Notice } from "../progress.js";

/** What goes into an archive and what does not. */
export interface Plan {
  /** Sorted by path in code-unit order, folders before what they hold, hard links after their file. */
  readonly entries: readonly PlannedEntry[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** Arcpaths that go in only because `includeSecrets` names them, sorted. */
  readonly includedSecrets: readonly string[];
}

/** Why something stays behind. */
export type LeftOutReason = "excluded" | "development" | "workspace" | "cache" | "build" | "secret" | "vcs" | "output";

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
