import type { DropRule } from "./drop.js";

/**
 * pnpm's notes of where it installed (census: "pnpm, all"). `.modules.yaml` names the store in the packer's home:
 * pnpm 10 takes a tree of another store for foreign, and wipes it. `.pnpm-workspace-state` has the project's own path for key.
 */
export const pnpmState: DropRule = {
  drop: { reason: "cache", kind: "package manager's state" },
  tails: ["node_modules/.modules.yaml", "node_modules/.pnpm-workspace-state.json", "node_modules/.pnpm-workspace-state-v1.json"],
};
