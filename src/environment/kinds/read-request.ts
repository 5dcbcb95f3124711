import type { Lister } from "../../listing/lister.js";

/** What reading an environment of any kind is told. */
export interface ReadRequest {
  /** What becomes of links to packages outside the root, as `npm link` makes them; by default they are brought in. */
  readonly links?: "bring" | "refuse";
  /** Lists the root's tree, as soon as it is known which that is. */
  readonly lister?: Lister;
  readonly signal?: AbortSignal;
}
