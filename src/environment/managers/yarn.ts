import { existsSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "./lock-graph.js";
import type { DevelopmentFlags, PackageManager, Project } from "./manager.js";
import { readYarnLock } from "./yarn-lock.js";

/** PnP; the node-modules and pnpm linkers; Yarn 1. */
const MARKS = [".pnp.cjs", "node_modules/.yarn-state.yml", "node_modules/.yarn-integrity"];

/** Yarn, classic (1) and modern (2 and later) with each of its linkers. */
export const yarn: PackageManager = {
  name: "yarn",
  lockfiles: ["yarn.lock"],
  installedBy: (root) => MARKS.some((mark) => existsSync(join(root, mark))),
  install: "yarn install --immutable",
  checkInstalled: () => undefined,
  readDevelopment,
};

function readDevelopment(project: Project): DevelopmentFlags | null {
  const lock = readYarnLock(project);
  return lock === null ? null : flagsOf(lock, project);
}
