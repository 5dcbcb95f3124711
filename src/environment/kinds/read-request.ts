import type { CacheUses } from "../../cache/uses.js";
import type { ProgressListener } from "../../support/progress.js";
import type { Lister } from "../../listing/lister.js";

/** What reading an environment of any kind is told. */
export interface ReadRequest {
  /** What becomes of links to packages outside the root, as `npm link` makes them; by default they are brought in. */
  readonly links?: "bring" | "refuse";
  /** Lists the root's tree, as soon as it is known which that is. */
  readonly lister?: Lister;
  /** Marks what is used of envpack's cache. */
  readonly uses?: CacheUses;
  readonly signal?: AbortSignal;
  /** What is missing or damaged of the installation is told of and not refused; by default false. */
  readonly ignoreLock?: boolean;
  readonly onProgress?: ProgressListener;
}
