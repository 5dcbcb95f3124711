import type { DropRule } from "./drop.js";

/**
 * What Next.js keeps beside its output (census: "Next.js dev output and webpack caches"): own path in base64 and behind
 * lengths, so that it is dropped and never rewritten; and its `trace` (census: "Next.js build output"). The build itself stays.
 */
export const nextCaches: DropRule = {
  drop: { reason: "cache", kind: "tool cache" },
  tails: [".next/cache", ".next/dev", ".next/trace"],
};
