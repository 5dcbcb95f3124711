import { lstatSync, readdirSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { explainError } from "../support/errors.js";
import { readPackageJson, type PackageJson } from "./package-json.js";

/** A package's folder as found on the disk. */
export interface InstalledFolder {
  /** Relative to the environment's root, parts joined by "/". */
  readonly path: string;
  /** The name that it is imported by: what follows the last `node_modules/`. */
  readonly installedAs: string;
  /** "broken": its package.json is no JSON object. */
  readonly json: PackageJson | "broken";
}

/** Folders inside node_modules in which managers keep the real packages behind their links. */
export const STORES: ReadonlySet<string> = new Set([".pnpm", ".bun", ".deno", ".store"]);

/**
 * Every package that lies below the node_modules of `root` and of `folders`, nested ones and
 * those in virtual stores (`.pnpm`, `.bun`, `.deno`, Yarn's `.store`) too, sorted by path. Links are not
 * followed: what they lead to is found at its own place.
 *
 * @param folders relative to `root`: "" and the members of a workspace
 */
export function findInstalled(root: string, folders: readonly string[]): readonly InstalledFolder[] {
  const found: InstalledFolder[] = [];
  const pending = folders.map((folder) => joinPath(folder, "node_modules"));
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const name of subfolders(root, path)) {
      if (STORES.has(name)) {
        readStore(`${path}/${name}`);
      } else if (name.startsWith("@")) {
        for (const scoped of subfolders(root, `${path}/${name}`)) add(`${path}/${name}/${scoped}`, `${name}/${scoped}`);
      } else if (!name.startsWith(".")) {
        add(`${path}/${name}`, name);
      }
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));

  function add(path: string, installedAs: string): void {
    const json = readPackageJson(join(root, path));
    if (json !== "absent") found.push({ path, installedAs, json });
    pending.push(`${path}/node_modules`);
  }

  /** `.pnpm/<id>/node_modules/<package>` and its like; Yarn's pnpm linker has `.store/<id>/package`. */
  function readStore(store: string): void {
    for (const id of subfolders(root, store)) {
      if (id === "node_modules") continue;
      const json = readPackageJson(join(root, store, id, "package"));
      if (json === "absent") pending.push(`${store}/${id}/node_modules`);
      else add(`${store}/${id}/package`, json === "broken" ? id : (json.name ?? id));
    }
  }
}

function subfolders(root: string, path: string): string[] {
  const folder = join(root, path);
  let entries: Dirent[];
  try {
    // Most packages have no packages of their own: to ask is cheaper than to be refused.
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw explainError(error, "cannot read a folder of the environment", folder);
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Joins two paths relative to the root, of which either may be "". */
export function joinPath(folder: string, path: string): string {
  return folder === "" || path === "" ? folder + path : `${folder}/${path}`;
}
