import { realpathSync } from "node:fs";
import { posix } from "node:path";
import type { TrialContext } from "../context.js";
import type { Ended } from "../start-limited.js";
import { printedBy } from "./ended-text.js";
import { isOfTheMove, reasonOf } from "./reason.js";

/**
 * Whether a command that fails here fails at the source in the same way. What could not even be started there tells nothing.
 *
 * @param there how it ended at the source
 */
export function failsAlike(here: Ended, there: Ended, context: Pick<TrialContext, "subject" | "reason">): boolean {
  return there.status !== 0 && there.error === null && tellAlike(printedBy(here), printedBy(there), context);
}

/**
 * Whether two failures have the same reason, as far as both tell. To fail at the source too is not enough: what is missing
 * here, and is there at the source, may be hidden by another failure that only comes after it.
 *
 * @param here what it printed or threw here
 * @param there the same of the source
 */
export function tellAlike(here: string, there: string, { subject, reason }: Pick<TrialContext, "subject" | "reason">): boolean {
  const own = reasonOf(here, reason);
  if (own === null || !isOfTheMove(own)) return true;
  const { source } = subject;
  if (source === null) return false;
  const place = posix.join(reason.place, source.arcpath);
  // The longer spelling first: a real path may begin with the other.
  const spellings = [...new Set([source.folder, realpathSync(source.folder)])].sort((a, b) => b.length - a.length);
  return (
    reasonOf(
      spellings.reduce((text, spelling) => text.replaceAll(spelling, place), there),
      reason,
    ) === own
  );
}
