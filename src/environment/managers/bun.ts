import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PackageManager } from "./manager.js";

/** Bun: hoisted as npm does, or isolated in node_modules/.bun. */
export const bun: PackageManager = {
  name: "bun",
  lockfiles: ["bun.lock", "bun.lockb"],
  installedBy: (root) => existsSync(join(root, "node_modules/.bun")),
  install: "bun install --frozen-lockfile",
  checkInstalled: () => undefined,
  readDevelopment: () => null,
};
