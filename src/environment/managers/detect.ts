import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ManagerRecord } from "../../manifest/manifest.js";
import type { PackageJson } from "../package-json.js";
import { bun } from "./bun.js";
import { deno } from "./deno.js";
import type { PackageManager } from "./manager.js";
import { npm } from "./npm.js";
import { pnpm } from "./pnpm.js";
import { yarn } from "./yarn.js";

/** npm comes last: Bun's hoisted layout and pnpm's importers may stand beside an old package-lock.json. */
const MANAGERS: readonly PackageManager[] = [pnpm, yarn, bun, deno, npm];

/**
 * The manager that made what is installed: by what it left in node_modules, else by the
 * `packageManager` field, else by the lockfile, else npm.
 */
export function detectManager(root: string, json: PackageJson): PackageManager {
  const declared = json.packageManager?.split("@")[0];
  return (
    MANAGERS.find((manager) => manager.installedBy(root)) ??
    MANAGERS.find((manager) => manager.name === declared) ??
    MANAGERS.find((manager) => manager.lockfiles.some((name) => existsSync(join(root, name)))) ??
    npm
  );
}

/** Name and version for the manifest; the version as far as the installation or the project tells it. */
export function describeManager(manager: PackageManager, root: string, json: PackageJson): ManagerRecord {
  return { name: manager.name, version: versionIn(json.packageManager, manager) ?? pnpmVersion(manager, root) };
}

/** "pnpm@10.34.0+sha512.…" → "10.34.0" where it names this manager. */
function versionIn(declared: string | null, manager: PackageManager): string | null {
  const match = /^([a-z]+)@(\d[^+]*)/.exec(declared ?? "");
  return match?.[1] === manager.name ? (match[2] ?? null) : null;
}

/** pnpm writes `packageManager: pnpm@10.34.0` (YAML or JSON) into .modules.yaml. */
function pnpmVersion(manager: PackageManager, root: string): string | null {
  const file = join(root, "node_modules/.modules.yaml");
  if (manager.name !== "pnpm" || !existsSync(file)) return null;
  const match = /"?packageManager"?:\s*["']?(pnpm@[^\s"',]+)/.exec(readFileSync(file, "utf8"));
  return versionIn(match?.[1] ?? null, manager);
}
