import { realpathSync } from "node:fs";
import { posix } from "node:path";
import type { TrialContext } from "../context.js";
import { isOfTheMove, reasonOf } from "./reason.js";

/**
 * Whether what fails here fails at the source for the same reason, as far as both tell. To fail there too is not enough: what
 * is missing here, and is there at the source, may be hidden by another failure that only comes after it.
 *
 * @param here what it printed or threw here
 * @param there the same of the source
 */
export function failsAlike(here: string, there: string, { subject, reason }: Pick<TrialContext, "subject" | "reason">): boolean {
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
