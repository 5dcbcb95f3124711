import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { LOCK_LIMIT, readShortText } from "../../support/read-text.js";
import type { Target } from "../../manifest/target.js";
import type { ManagerRecord } from "../../manifest/manifest.js";
import type { PackageJson } from "../package-json.js";
import type { PackageManager } from "./manager.js";
import { npm } from "./npm/npm.js";
import { MANAGERS } from "./registry.js";

/**
 * The manager that made what is installed: by what it left in node_modules, else by the
 * `packageManager` field, else by the lockfile, else by a workspace file of its own, here or above, else npm.
 */
export function detectManager(root: string, json: PackageJson): PackageManager {
  const isThere = (path: string): boolean => existsSync(join(root, path));
  return (
    MANAGERS.find(({ marks }) => marks.some(isThere)) ??
    MANAGERS.find(({ stores }) => stores.some((store) => isThere(`node_modules/${store}`))) ??
    MANAGERS.find((manager) => isDeclared(manager, json.packageManager)) ??
    MANAGERS.find((manager) => manager.lockfiles.some((name) => isThere(name) && ownsLockfile(manager, join(root, name)))) ??
    MANAGERS.find(({ workspaceFile }) => workspaceFile !== undefined && isAbove(root, workspaceFile)) ??
    npm
  );
}

function isAbove(folder: string, name: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return true;
    if (at === dirname(at)) return false;
  }
}

/** Whether an installation of the manager's ended here; else somebody or something put together what lies in node_modules. */
export function hasInstalled(manager: PackageManager, root: string): boolean {
  return manager.marks.some((mark) => existsSync(join(root, mark))) || (manager.hasInstalled?.(root) ?? false);
}

/** Name and version for the manifest; the version as far as the installation or the project tells it. */
export function describeManager(manager: PackageManager, root: string, json: PackageJson): ManagerRecord {
  const version = isDeclared(manager, json.packageManager) ? versionIn(json.packageManager) : null;
  return { name: manager.name, version: version ?? manager.readVersion?.(root) ?? null };
}

/** The command that installs what is missing; a lockfile is asked for by some of them. */
export function installCommand({ install, lockfiles }: PackageManager, root: string): string {
  return lockfiles.some((name) => existsSync(join(root, name))) ? install.locked : install.fresh;
}

/** The command that brings damaged packages back. Without a lockfile all is made anew: several of them do not look into folders that are there. */
export function repairCommand({ install, lockfiles }: PackageManager, root: string): string {
  return lockfiles.some((name) => existsSync(join(root, name))) ? install.repair : `rm -rf node_modules && ${install.fresh}`;
}

/** The arguments by which a manager is told of a platform. */
export function crossArgs({ cross }: PackageManager, target: Pick<Target, "os" | "arch" | "libc">): string[] {
  const words = new Map([
    ["{os}", target.os],
    ["{cpu}", target.arch],
    ["{libc}", target.libc ?? ""],
  ]);
  const args = (cross.args ?? []).filter((arg) => !arg.includes("{libc}") || target.libc !== null);
  return args.map((arg) => arg.replace(/\{[a-z]+\}/g, (word) => words.get(word) ?? word));
}

/**
 * The manager by whose lockfile a project is installed afresh: the one that made what is installed, where its lockfile
 * is there; else the one that package.json names, else the one of the lockfile. Null where there is no lockfile.
 */
export function findLocked(root: string, json: PackageJson): { readonly manager: PackageManager; readonly lockfile: string } | null {
  const installed = detectManager(root, json);
  const inOrder = [installed, ...MANAGERS.filter((manager) => isDeclared(manager, json.packageManager)), ...MANAGERS];
  for (const manager of inOrder) {
    const lockfile = manager.lockfiles.find((name) => existsSync(join(root, name)) && ownsLockfile(manager, join(root, name)));
    if (lockfile !== undefined) return { manager, lockfile };
  }
  return null;
}

/** "pnpm@10.34.0+sha512.…" names pnpm, and Yarn's version which of the two it is. */
function isDeclared({ name, owns }: PackageManager, declared: string | null): boolean {
  const version = versionIn(declared);
  return declared?.split("@")[0] === name && (version === null || (owns?.({ version }) ?? true));
}

function versionIn(declared: string | null): string | null {
  return /^[a-z]+@(\d[^+]*)/.exec(declared ?? "")?.[1] ?? null;
}

function ownsLockfile({ owns }: PackageManager, file: string): boolean {
  return owns === undefined || owns({ lockfile: readShortText(file, LOCK_LIMIT) });
}
