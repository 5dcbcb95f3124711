import type { PlannedFile } from "../archive/entry.js";
import type { Listing } from "../listing/listing.js";
import type { ProgressListener } from "../support/progress.js";
import type { SelectionOptions } from "./selection.js";

export interface PlanOptions extends SelectionOptions {
  /** Tells of packages that were installed for another platform, and goes on. */
  readonly forcePlatform?: boolean;
  /** The environment's tree, where it was listed before. */
  readonly listing?: Listing | null;
  /** Leaves out of installed packages what no program loads; absent: all goes in. */
  readonly slim?: "safe";
  /** Patterns of what is kept all the same. */
  readonly keep?: readonly string[];
  /** Told of each file that spans frames as soon as it is decided that it goes in; what is decided later may still leave it out. */
  readonly onLarge?: (file: PlannedFile) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}
