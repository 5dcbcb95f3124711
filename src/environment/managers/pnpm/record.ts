import { isAbsolute, join, relative } from "node:path";
import { nameOf, reachKeys } from "../locked.js";
import type { InstallRecord, RecordedPackage } from "../manager.js";
import { CURRENT, readModulesYaml, readPnpmLock } from "./lockfile.js";

/**
 * What pnpm did of its lockfile, from its own copy in `node_modules/.pnpm`. Null where there is none (before pnpm 9),
 * or where the packages lie in a store outside the project, whose links are looked at when they are brought in.
 */
export function readPnpmRecord(root: string): InstallRecord | null {
  const lock = isStoreInside(root) ? readPnpmLock(root, CURRENT) : null;
  if (lock === null) return null;
  const packages = new Map([...lock.packages].map(([key, { id, optional }]) => [key, record(id, optional ?? false)]));
  const from = (keys: readonly string[]): RecordedPackage[] =>
    [...reachKeys(lock.packages, keys)].flatMap((key) => packages.get(key) ?? []);
  return {
    file: CURRENT,
    packages: from([...lock.all.values()].flat()),
    importers: new Set(lock.all.keys()),
    neededBy: (folder) => from(lock.all.get(folder) ?? []),
  };
}

/** What came from an address or a folder has that for a version: its name is all that can be compared. */
function record(id: string, optional: boolean): RecordedPackage {
  const name = nameOf(id);
  const version = id.slice(name.length + 1);
  return { name, version: /^\d/.test(version) ? version : null, path: null, optional, link: false };
}

/** With the global virtual store the packages lie in the user's home; the setting is relative to node_modules, or absolute. */
function isStoreInside(root: string): boolean {
  const folder = readModulesYaml(root)?.virtualStoreDir;
  if (typeof folder !== "string") return true;
  const place = relative(root, isAbsolute(folder) ? folder : join(root, "node_modules", folder));
  return !place.startsWith("..") && !isAbsolute(place) && /(^|\/)node_modules(\/|$)/.test(place);
}
