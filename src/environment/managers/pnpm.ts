import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PackageManager } from "./manager.js";

/** pnpm: real packages in node_modules/.pnpm, links to them; or hoisted as npm does. */
export const pnpm: PackageManager = {
  name: "pnpm",
  lockfiles: ["pnpm-lock.yaml"],
  installedBy: (root) => existsSync(join(root, "node_modules/.modules.yaml")),
  install: "pnpm install --frozen-lockfile",
  checkInstalled: () => undefined,
  readDevelopment: () => null,
};
