import type { PlannedEntry } from "../archive/entry.js";
import type { SourceRoot } from "../listing/listed-folder.js";
import type { Listing } from "../listing/listing.js";
import type { LeftOut } from "./plan.js";
import type { PlanOptions } from "./plan-options.js";
import type { Selection } from "./selection.js";

/** What a walk is told: which folder, links resolved, and what it becomes. */
export interface WalkRequest extends SourceRoot {
  /** The folder's tree as far as it was listed before; the rest is listed here. */
  readonly listing?: Listing | null;
  readonly selection: Selection;
  readonly signal?: AbortSignal;
  readonly onEntries?: (done: number) => void;
  /** As of PlanOptions. */
  readonly onLarge?: PlanOptions["onLarge"];
}

export interface WalkResult {
  /** In the archive's order, but for a few; hard links are still files. */
  readonly entries: readonly PlannedEntry[];
  readonly leftOut: readonly LeftOut[];
  /** Arcpaths that are in because --include-secret names them. */
  readonly includedSecrets: readonly string[];
  /** Files that share their inode with another one: `dev:ino` by arcpath. */
  readonly inodes: ReadonlyMap<string, string>;
  /** Whether names that are the same to some file systems may stand in one folder; absent: nobody looked. */
  readonly twins?: boolean;
  /** The files that are not ordinary ones of installed packages; absent: nobody told them apart. */
  readonly special?: readonly PlannedEntry[];
}
