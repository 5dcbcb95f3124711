import type { Manifest } from "../../manifest/manifest.js";

const INSTALLED = /^(?:(.*)\/)?node_modules\/(?:@[^/]+\/)?[^/]+$/;
const MANIFEST = "/package.json";

/** Where npm, and what else comes with the runtime, lies in an archive of a project. */
const RUNTIME_LIBRARIES = "lib";

/**
 * The folders of packed packages: those of the manifest, and what lies in a node_modules folder of one of them or of
 * npm. A node_modules folder elsewhere, as in a package's tests, holds what nothing finds.
 *
 * @param paths of all files
 */
export function packagePlaces({ packages, resolveFrom }: Manifest, paths: ReadonlySet<string>): Set<string> {
  const places = new Set(packages.map((one) => placeOf(one, paths)));
  const holders = new Set([...places, ...resolveFrom, RUNTIME_LIBRARIES]);
  const found: string[] = [];
  for (const path of paths) if (path.endsWith(MANIFEST) && path.includes("node_modules/")) found.push(path.slice(0, -MANIFEST.length));
  // A package comes before those inside of it.
  for (const folder of found.sort((a, b) => a.length - b.length)) {
    const holder = INSTALLED.exec(folder);
    if (holder === null || places.has(folder) || !holders.has(holder[1] ?? "")) continue;
    places.add(folder);
    holders.add(folder);
  }
  return places;
}

/**
 * The folder of a package of the manifest, which names those of Plug'n'Play by the archive in Yarn's cache: in it they lie where
 * Node.js would look for them.
 *
 * @param paths of all files
 */
export function placeOf({ path, name }: Manifest["packages"][number], paths: ReadonlySet<string>): string {
  return path.endsWith(".zip") && paths.has(path) ? `${path}/node_modules/${name}` : path;
}

/** Whether a package is the project's own: a member of its workspace, which no manager has installed. */
export function isOwnPlace(folder: string): boolean {
  return !/(?:^|\/)node_modules\//.test(folder);
}
