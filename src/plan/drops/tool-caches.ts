import type { DropRule } from "./drop.js";

/**
 * Caches of test, lint and build tools (census: "test and lint caches", own path): made again when missing.
 * Vite's `.vite/deps`, `.tsbuildinfo` and NODE_COMPILE_CACHE name no place (census: "nothing found in") and stay.
 */
export const toolCaches: DropRule = {
  drop: { reason: "cache", kind: "tool cache" },
  names: [".parcel-cache", ".turbo", ".vitest-cache", ".jest-cache", ".babel-cache", ".eslintcache", ".stylelintcache", ".rpt2_cache", ".pnpm-store"],
  tails: ["node_modules/.cache", "node_modules/.vite-temp", "node_modules/.vitest"],
};
