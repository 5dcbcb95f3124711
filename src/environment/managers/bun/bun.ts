import { existsSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../lock-graph.js";
import type { PackageManager } from "../manager.js";
import { foldersInside, readOptional } from "../settings.js";
import { readBunLock } from "./lockfile.js";

const LOCKFILES = ["bun.lock", "bun.lockb"];

/** Bun: hoisted as npm does, or isolated in node_modules/.bun. It writes down nothing about what it installed. */
export const bun: PackageManager = {
  name: "bun",
  marks: [],
  stores: [".bun"],
  lockfiles: LOCKFILES,
  hasInstalled: (root) => ["node_modules/.bun", ...LOCKFILES].some((path) => existsSync(join(root, path))),
  readDevelopment: (project) => {
    const lock = readBunLock(project);
    return lock === null ? null : flagsOf(lock, project);
  },
  readRecord: () => null,
  state: [],
  cacheFolders: (root) => foldersInside(root, [/^[ \t]*dir[ \t]*=[ \t]*"([^"\n]+)"/m.exec(cacheSection(root))?.[1]]),
  install: { locked: "bun install --frozen-lockfile", fresh: "bun install", repair: "bun install --frozen-lockfile --force" },
  cross: {
    args: ["--os={os}", "--cpu={cpu}", "--libc={libc}"],
    brings: "exact",
    frozen: {
      args: ["install", "--frozen-lockfile", "--ignore-scripts", "--backend=copyfile"],
      outdated: /lockfile had changes|lockfile is frozen/i,
    },
  },
};

/** `[install.cache]` of bunfig.toml. */
function cacheSection(root: string): string {
  return /^\[install\.cache\]\s*\n([^[]*)/m.exec(readOptional(join(root, "bunfig.toml")) ?? "")?.[1] ?? "";
}
