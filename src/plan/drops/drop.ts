import type { LeftOutReason } from "../plan.js";

/** Why something stays behind, and the finer kind of it. */
export interface Drop {
  readonly reason: LeftOutReason;
  readonly kind: string;
}
