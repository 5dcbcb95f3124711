import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PackageManager } from "./manager.js";

/** Deno with a node_modules folder: real packages in node_modules/.deno, links to them. */
export const deno: PackageManager = {
  name: "deno",
  lockfiles: ["deno.lock"],
  installedBy: (root) => existsSync(join(root, "node_modules/.deno")),
  install: "deno install --frozen",
  checkInstalled: () => undefined,
  readDevelopment: () => null,
};
