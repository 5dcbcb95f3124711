import { join } from "node:path";
import { asObject, readPackageJson } from "../../package-json.js";
import type { InstallRecord, Project, RecordedPackage } from "../manager.js";
import { closureByPath } from "../path-closure.js";
import { readYaml } from "../settings.js";

/** What Yarn's node-modules linker writes when an installation has ended. */
export const STATE = "node_modules/.yarn-state.yml";

/** Each folder that Yarn's node-modules linker filled; null where another linker was at work. */
export function readYarn4Record({ root, json, members }: Project): InstallRecord | null {
  const state = readYaml(join(root, STATE));
  if (state === null) return null;
  const packages = new Map<string, RecordedPackage>();
  for (const [locator, value] of Object.entries(state)) {
    const locations = asObject(value)?.locations;
    if (!Array.isArray(locations)) continue;
    for (const path of locations)
      if (typeof path === "string" && /(^|\/)node_modules\//.test(path)) packages.set(path, record(path, locator));
  }
  const places = new Map([...packages.keys()].map((path) => [path, { names: () => namesAt(root, path) }]));
  return {
    file: STATE,
    packages: [...packages.values()],
    importers: null,
    neededBy: (folder) => {
      const own = folder === "" ? json : members.find(({ path }) => path === folder)?.json;
      const names = [own?.dependencies, own?.optionalDependencies, own?.devDependencies].flatMap((kind) => [...(kind?.keys() ?? [])]);
      return [...closureByPath(places, folder, names)].flatMap((path) => packages.get(path) ?? []);
    },
  };
}

/** "debug@virtual:…#npm:4.3.4" was fetched; a workspace, `link:` or `portal:` is a link to a folder of the user's. */
function record(path: string, locator: string): RecordedPackage {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const link = /@(?:virtual:[^#]*#)?(?:workspace|link|portal):/.test(locator);
  return { name, version: /(?:^|@|#)npm:(?:.*@)?(\d[^:#]*)$/.exec(locator)?.[1] ?? null, path, optional: false, link };
}

/** What is not there, or damaged, leads no further: it is named itself. */
function namesAt(root: string, path: string): string[] {
  const json = readPackageJson(join(root, path));
  if (json === "absent" || json === "broken") return [];
  return [json.dependencies, json.optionalDependencies, json.peerDependencies].flatMap((kind) => [...kind.keys()]);
}
