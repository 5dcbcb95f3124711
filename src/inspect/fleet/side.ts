import type { Entry } from "../../archive/entry.js";
import type { Report } from "./report.js";

/** One of those that are compared. */
export interface Side {
  /** Short, and no other side's. */
  readonly name: string;
  readonly report: Report;
  /** Of an archive or a folder that is at hand; null of a report. */
  readonly entries: readonly Entry[] | null;
}
