import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isPackageName } from "./closure.js";
import { readPackageJson } from "./package-json.js";

/**
 * Names that installed packages cannot do without and do not find from where they stand, as "debug needs ms": of what
 * can be reached from the given folders. What these themselves declare, what is optional and what has to be installed
 * beside a package (peers) is left to others.
 *
 * @param folders relative to the root: "" and members
 */
export function findUnresolved(root: string, folders: readonly string[]): string[] {
  const starts = folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .map((folder) => realpathSync(folder));
  const own = new Set(starts);
  const seen = new Set<string>();
  const faults: string[] = [];
  const pending = [...starts];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    const json = readPackageJson(folder);
    if (json === "broken") faults.push(`${basename(folder)} has a broken package.json`);
    if (json === "absent" || json === "broken") continue;
    for (const name of [...json.dependencies.keys(), ...json.optionalDependencies.keys()]) {
      const found = resolveFolder(folder, name);
      if (found !== null) pending.push(found);
      else if (!own.has(folder) && isPackageName(name) && !json.optionalDependencies.has(name))
        faults.push(`${json.name ?? basename(folder)} needs ${name}, which is missing`);
    }
  }
  return [...new Set(faults)].sort();
}

/** The folder that Node finds under a name, links resolved; null where there is none. */
function resolveFolder(from: string, name: string): string | null {
  if (!isPackageName(name)) return null;
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (basename(at) !== "node_modules" && existsSync(candidate)) return realpathSync(candidate);
    if (at === dirname(at)) return null;
  }
}
