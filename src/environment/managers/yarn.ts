import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PackageManager } from "./manager.js";

/** PnP; the node-modules and pnpm linkers; Yarn 1. */
const MARKS = [".pnp.cjs", "node_modules/.yarn-state.yml", "node_modules/.yarn-integrity"];

/** Yarn, classic (1) and modern (2 and later) with each of its linkers. */
export const yarn: PackageManager = {
  name: "yarn",
  lockfiles: ["yarn.lock"],
  installedBy: (root) => MARKS.some((mark) => existsSync(join(root, mark))),
  install: "yarn install --immutable",
  checkInstalled: () => undefined,
  readDevelopment: () => null,
};
