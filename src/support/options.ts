import type { ProgressListener } from "./progress.js";

/** What every verb understands. */
export interface CommonOptions {
  /** Stops the work, cleans up and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /**
   * Worker threads; by default one a processor that this process may use. Fewer where its memory, its control group or
   * its limits do not allow so many.
   */
  readonly threads?: number;
}
