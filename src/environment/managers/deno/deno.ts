import { existsSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../lock-graph.js";
import type { PackageManager } from "../manager.js";
import { readDenoLock } from "./lockfile.js";

const STORE = "node_modules/.deno";

/** Deno with a node_modules folder: real packages in node_modules/.deno, links to them. */
export const deno: PackageManager = {
  name: "deno",
  marks: [],
  stores: [".deno"],
  lockfiles: ["deno.lock"],
  hasInstalled: (root) => existsSync(join(root, STORE)),
  readDevelopment: (project) => {
    const lock = readDenoLock(project);
    return lock === null ? null : flagsOf(lock, project);
  },
  readRecord: () => null,
  // Its note of what it linked (census, "Deno node_modules": own path in one binary state file), and the lock of a running installation.
  state: [".deno/.setup-cache.bin", ".deno/.deno.lock"],
  cacheFolders: () => [],
  install: {
    locked: "deno install --frozen",
    fresh: "deno install",
    // It does not look into folders that are there.
    repair: "rm -rf node_modules && deno install --frozen",
  },
  cross: {
    args: ["--os", "{os}", "--arch", "{cpu}"],
    brings: "both libc",
    // It runs no script that was not allowed.
    frozen: { args: ["install", "--frozen"], since: "2.8.0", outdated: /lockfile is out of date/i },
  },
};
