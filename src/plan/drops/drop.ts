import type { LeftOutReason } from "../plan.js";

/** Why something stays behind, and the finer kind of it. */
export interface Drop {
  readonly reason: LeftOutReason;
  readonly kind: string;
}

/**
 * One class of what is left out by itself: a file in this folder each. Names are of files and folders alike, at any
 * depth; `tails` are the last two parts of a path.
 */
export interface DropRule {
  readonly drop: Drop;
  readonly names?: readonly string[];
  readonly tails?: readonly string[];
}
