import type { Unfit } from "../verbs/relocate.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf } from "../support/quantities.js";

/** How many places are named before the rest is only counted. */
const SHOWN = 10;

/** The places that still name the environment's old folder, as lines to follow a summary; "" for none. */
export function unfitText(unfit: readonly Unfit[]): string {
  if (unfit.length === 0) return "";
  const lines = unfit.slice(0, SHOWN).map(({ path, reason }) => `\n    ${escapeText(path)} ${escapeText(reason)}`);
  const more = unfit.length > SHOWN ? `\n    and ${unfit.length - SHOWN} more, see --json` : "";
  return `\n  ${countOf(unfit.length, "place still names", "places still name")} the old folder:${lines.join("")}${more}`;
}
