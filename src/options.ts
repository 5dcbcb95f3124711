import type { ProgressListener } from "./progress.js";

/** What every verb understands. */
export interface CommonOptions {
  /** Stops the work, cleans up and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Worker threads; by default one a processor that this process may use. */
  readonly threads?: number;
}
