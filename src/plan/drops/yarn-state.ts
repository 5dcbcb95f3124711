import type { DropRule } from "./drop.js";

/** Yarn's note of what it did (census: "Yarn 4 pnpm linker", own path inside gzip). */
export const yarnState: DropRule = {
  drop: { reason: "cache", kind: "package manager's state" },
  tails: [".yarn/install-state.gz"],
};
