import { groupNeeds } from "../lock-graph.js";
import type { DevelopmentFlags, PackageManager, Project } from "../manager.js";
import { foldersInside, readSetting } from "../settings.js";
import { HIDDEN, readHiddenLock, readNpmLock, type LockedPackage, type NpmLock } from "./lockfile.js";
import { readNpmRecord } from "./record.js";

/** npm: a flat node_modules, a lockfile that names each folder in it; with `install-strategy=linked` real packages in `.store`. */
export const npm: PackageManager = {
  name: "npm",
  marks: [HIDDEN],
  stores: [".store"],
  lockfiles: ["package-lock.json", "npm-shrinkwrap.json"],
  // npm 6 leaves nothing in node_modules, and writes lockfiles of an own version.
  hasInstalled: isOfNpm6,
  readDevelopment,
  readRecord: readNpmRecord,
  state: [],
  cacheFolders: (root) => foldersInside(root, [readSetting(root, ".npmrc", ["cache"]), readSetting(root, ".npmrc", ["logs-dir"])]),
  install: { locked: "npm ci", fresh: "npm install", repair: "npm ci" },
  cross: {
    args: ["--os={os}", "--cpu={cpu}", "--libc={libc}"],
    brings: "exact",
    frozen: {
      args: [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--include=dev",
        "--include=optional",
        "--include=peer",
      ],
      outdated: /can only install packages when your package\.json|lock file's .* does not satisfy|Missing: .* from lock file/,
    },
  },
};

function isOfNpm6(root: string): boolean {
  try {
    return readNpmLock(root)?.lockfileVersion === 1;
  } catch {
    return false;
  }
}

/**
 * By the flags of the lockfile, else of npm's own note in node_modules. What lies elsewhere than the lockfile says
 * (a layout of another strategy) is known by its name and version.
 */
function readDevelopment(project: Project): DevelopmentFlags | null {
  const lock = readNpmLock(project.root) ?? readHiddenLock(project.root);
  if (lock === null) return null;
  const isNeeded = needsById(lock);
  const idOf = new Map(
    project.installed.map(({ path, json }) => [path, json === "broken" || json.name === null ? "" : `${json.name}@${json.version ?? ""}`]),
  );
  const find = (path: string): boolean | undefined => {
    const locked = lock.packages.get(path);
    return locked === undefined ? isNeeded.get(idOf.get(path) ?? "") : !locked.dev;
  };
  // An installation may be older than the lockfile.
  const isOther = (path: string): boolean => {
    const version = lock.packages.get(path)?.version ?? null;
    return version !== null && !(idOf.get(path) ?? "").replace(/@[v=]+(?=[^@]*$)/, "@").endsWith(`@${version}`);
  };
  return { isDevelopment: (path) => find(path) === false, isKnown: (path) => find(path) !== undefined && !isOther(path), file: lock.file };
}

function needsById({ packages }: NpmLock): ReadonlyMap<string, boolean> {
  const idOf = (path: string, { name, version }: LockedPackage): string =>
    `${name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${version ?? ""}`;
  return groupNeeds([...packages].map(([path, locked]) => [idOf(path, locked), !locked.dev]));
}
