import type { DropRule } from "./drop.js";

/** Deno's note of what it linked (census: "Deno node_modules", own path in one binary state file). */
export const denoState: DropRule = {
  drop: { reason: "cache", kind: "package manager's state" },
  tails: [".deno/.setup-cache.bin"],
};
