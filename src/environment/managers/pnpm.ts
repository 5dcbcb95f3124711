import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bin } from "../environment.js";
import { findMissing, flagsOf } from "./lock-graph.js";
import { lockMismatch } from "./lock-mismatch.js";
import type { DevelopmentFlags, PackageManager, Project } from "./manager.js";
import { readPnpmLock } from "./pnpm-lock.js";

/** pnpm: real packages in node_modules/.pnpm, links to them; or hoisted as npm does. */
export const pnpm: PackageManager = {
  name: "pnpm",
  lockfiles: ["pnpm-lock.yaml"],
  // An environment that was packed once comes without .modules.yaml.
  installedBy: (root) => ["node_modules/.modules.yaml", "node_modules/.pnpm"].some((mark) => existsSync(join(root, mark))),
  install: "pnpm install --frozen-lockfile",
  checkInstalled,
  readDevelopment,
  nodePath,
};

/** Refuses where packages are missing that the lockfile names: an installation that was cut off, or is an older one. */
function checkInstalled(project: Project): void {
  const lock = readPnpmLock(project.root);
  if (lock === null) return;
  // `pnpm install --filter` installs some members of a workspace and leaves the others bare.
  const installed = [...lock.required].filter(([path]) => path === "" || existsSync(join(project.root, path, "node_modules")));
  const missing = findMissing(lock.packages, installed.flatMap(([, keys]) => keys), project);
  if (missing.length > 0) throw lockMismatch(project.root, lock.file, missing.map((id) => `${id} is missing`), pnpm.install);
}

function readDevelopment(project: Project): DevelopmentFlags | null {
  const lock = readPnpmLock(project.root);
  return lock === null ? null : flagsOf(lock, project);
}

/**
 * pnpm's shims let a command find what its package does not declare: the dependencies of that package
 * and all that pnpm hoists into `.pnpm/node_modules`. A plugin's configuration file that
 * requires another plugin depends on it.
 */
function nodePath({ root }: Project, { file, start }: Bin): readonly string[] | undefined {
  const match = /^(.*?node_modules\/\.pnpm)\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (start !== "node") return undefined;
  if (match === null) return nodePathOutside(root, file);
  const [, store, id, name] = match;
  const folders = [`${store}/${id}/node_modules/${name}/node_modules`, `${store}/${id}/node_modules`, `${store}/node_modules`];
  return folders.filter((folder) => existsSync(join(root, folder)));
}

/** With the global virtual store the packages lie in the user's home, and go in from there. */
function nodePathOutside(root: string, file: string): readonly string[] | undefined {
  const hoisted = "node_modules/.pnpm/node_modules";
  if (!file.startsWith("../") || !existsSync(join(root, hoisted))) return undefined;
  const around = /^.*\/node_modules(?=\/(?:@[^/]+\/)?[^/]+\/)/.exec(file);
  return around === null ? [hoisted] : [around[0], hoisted];
}
