import { existsSync } from "node:fs";
import { join } from "node:path";
import type { InstalledFolder } from "../installed.js";
import { lockMismatch } from "./lock-mismatch.js";
import type { DevelopmentFlags, PackageManager, Project } from "./manager.js";
import { readHiddenLock, readNpmLock, type LockedPackage, type NpmLock } from "./npm-lock.js";

/** npm: a flat node_modules, a lockfile that names each folder in it. */
export const npm: PackageManager = {
  name: "npm",
  lockfiles: ["package-lock.json", "npm-shrinkwrap.json"],
  installedBy: (root) => existsSync(join(root, "node_modules/.package-lock.json")),
  install: "npm ci",
  checkInstalled,
  readDevelopment,
};

/** Refuses where what is installed is not what the lockfile names. */
function checkInstalled(project: Project): void {
  const lock = readNpmLock(project.root);
  if (lock === null) return;
  const faults = findFaults(project, lock);
  if (faults.length > 0) throw lockMismatch(project.root, lock.file, faults, npm.install);
}

/** A line for each package that differs, in the order of the lockfile. */
function findFaults(project: Project, lock: NpmLock): string[] {
  const installed = new Map(project.installed.map((folder) => [folder.path, folder]));
  const omitted = findOmitted(lock, (path) => isPresent(project, installed, path));
  const faults: string[] = [];
  for (const [path, locked] of lock.packages) {
    // Folders of the workspace itself are sources, not installed from the lockfile.
    if (!/(^|\/)node_modules\//.test(path)) continue;
    const fault = compareFolder(path, locked, installed.get(path), isPresent(project, installed, path));
    if (fault !== null && !(fault.missing && (locked.optional || omitted(locked)))) faults.push(fault.text);
  }
  return faults;
}

function compareFolder(
  path: string,
  locked: LockedPackage,
  folder: InstalledFolder | undefined,
  present: boolean,
): { text: string; missing: boolean } | null {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const wanted = locked.version === null ? name : `${name}@${locked.version}`;
  if (locked.link) return present ? null : { text: `${name} is missing`, missing: true };
  if (folder === undefined) {
    return present && locked.version === null ? null : { text: `${wanted} is missing`, missing: true };
  }
  if (folder.json === "broken") return { text: `${wanted} has a broken package.json`, missing: false };
  const { version } = folder.json;
  if (locked.version === null || version === null || version === locked.version) return null;
  // npm itself takes "v1.0.0" and "1.0.0" for the same.
  if (version.replace(/^[v=]+/, "") === locked.version) return null;
  return { text: `${wanted} is installed as ${version}`, missing: false };
}

/**
 * `npm ci --omit=dev` leaves out all packages of a kind: where not one of them is there, that was
 * asked for, and is no fault.
 */
function findOmitted(lock: NpmLock, isThere: (path: string) => boolean): (locked: LockedPackage) => boolean {
  const all = [...lock.packages].filter(([, locked]) => !locked.optional);
  const noneOf = (kind: "dev" | "peer"): boolean => !all.some(([path, locked]) => locked[kind] && isThere(path));
  const noDev = noneOf("dev");
  const noPeer = noneOf("peer");
  return (locked) => (locked.dev && noDev) || (locked.peer && noPeer);
}

/** Links are not among what is installed; they and folders without package.json are looked up. */
function isPresent(project: Project, installed: ReadonlyMap<string, unknown>, path: string): boolean {
  return installed.has(path) || existsSync(join(project.root, path));
}

/** By the flags of the lockfile, else of npm's own note in node_modules. */
function readDevelopment(project: Project): DevelopmentFlags | null {
  const lock = readNpmLock(project.root) ?? readHiddenLock(project.root);
  if (lock === null) return null;
  return {
    isDevelopment: (path) => lock.packages.get(path)?.dev ?? false,
    isKnown: (path) => lock.packages.has(path),
    file: lock.file,
  };
}
