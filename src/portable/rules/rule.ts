import { fileOfBytes, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import type { RelocationSummary } from "../../manifest/manifest.js";
import type { Notice } from "../../support/progress.js";
import type { Bases } from "../bases.js";

/**
 * One class of absolute paths and what is done about it: a file in this folder each. Rules are asked in
 * the order of `RULES` (relocate-plan.ts); the first that answers has the entry.
 */
export interface Rule {
  /** For messages and the summary: "absolute link". */
  readonly name: string;
  /** What becomes of an entry; null where the rule is not about it. */
  apply(entry: PlannedEntry, bases: Bases, environment: Environment): Outcome | null;
}

export interface Outcome {
  /** How it is counted in the manifest; null: looked at, and left as it is. */
  readonly action: keyof RelocationSummary | null;
  /** What goes in instead of the entry, in the archive's order: none where it is dropped. */
  readonly entries: readonly PlannedEntry[];
  /** What could not be done for it. */
  readonly notices?: readonly Notice[];
}

/** A file with other content, which is text. */
export function rewritten({ path, executable }: PlannedFile, text: string): PlannedFile {
  return fileOfBytes(path, Buffer.from(text), executable);
}
