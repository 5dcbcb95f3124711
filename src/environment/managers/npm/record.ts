import type { InstallRecord, Project, RecordedPackage } from "../manager.js";
import { closureByPath, type RecordedPlace } from "../path-closure.js";
import { HIDDEN, readHiddenLock, type LockedPackage } from "./lockfile.js";

/** What npm (7 and later) wrote down that it installed, folder by folder, links and those of `.store` too; null where it did not. */
export function readNpmRecord({ root, json, members }: Project): InstallRecord | null {
  const lock = readHiddenLock(root);
  if (lock === null) return null;
  // Folders of the workspace itself are sources: nobody installed them.
  const installed = [...lock.packages].filter(([path]) => isInstalled(path));
  const packages = new Map(installed.map(([path, locked]) => [path, record(path, locked)]));
  const places = new Map([...lock.packages].map(([path, locked]) => [path, placeOf(path, locked)]));
  const importers = new Set(["", ...[...lock.packages.keys()].filter((path) => !isInstalled(path))]);
  return {
    file: HIDDEN,
    packages: [...packages.values()],
    importers,
    neededBy: (folder) => {
      const own = folder === "" ? json : members.find(({ path }) => path === folder)?.json;
      const kinds = [own?.dependencies, own?.optionalDependencies, own?.peerDependencies, own?.devDependencies];
      const names = kinds.flatMap((kind) => [...(kind?.keys() ?? [])]);
      return [...closureByPath(places, folder, names)].flatMap((path) => packages.get(path) ?? []);
    },
  };
}

function isInstalled(path: string): boolean {
  return /(^|\/)node_modules\//.test(path);
}

function record(path: string, { version, optional, link }: LockedPackage): RecordedPackage {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  // `node_modules/.store/debug@4.3.4-hash` only holds a node_modules.
  return { name, version, path, optional, link: link || (version === null && name.startsWith(".")) };
}

function placeOf(path: string, { dependencies, devDependencies, target }: LockedPackage): RecordedPlace {
  const names = isInstalled(path) ? dependencies : [...dependencies, ...devDependencies];
  return { names: () => names, ...(target === null ? {} : { target }) };
}
