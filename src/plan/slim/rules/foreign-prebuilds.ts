import type { SlimRule } from "../rule.js";

/**
 * Packages that bring an addon for each platform load the one that fits. What an addon is for is read from its header, and not
 * from its folder's name; where the package has none that fits, all stay: something else is amiss then.
 */
export const FOREIGN_PREBUILDS: SlimRule = {
  name: "foreign prebuilds",
  why: "binaries for other platforms, by their headers, beside one for this",
  file: ({ fits, hasFittingNative }) => fits === false && hasFittingNative,
  chosen: true,
};
