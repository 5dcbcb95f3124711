import { posix } from "node:path";
import { parseLocation } from "../../environment/pnp/location.js";
import { packagesOfState } from "../../environment/pnp/state.js";

/** Files in which Yarn's Plug'n'Play keeps what each package may import. */
const STATE = /(?:^|\/)\.pnp\.(?:cjs|data\.json)$/;

/** The folders that packages are found in, by the folder of what imports them and the name; none: nothing is known of that folder. */
export type FindByState = (folder: string, name: string) => readonly string[];

export function isPnpState(path: string): boolean {
  return STATE.test(path);
}

/**
 * Reads what is packed of Plug'n'Play. A package whose peers differ stands in it several times, with one folder.
 *
 * @param path arcpath of the file
 * @returns null where it holds no packages, as a `.pnp.cjs` beside a `.pnp.data.json`, or is damaged
 */
export function readPnp(path: string, content: Buffer): FindByState | null {
  const packages = packagesOfState(posix.basename(path), content.toString("utf8"));
  if (packages === null) return null;
  const root = posix.dirname(path);
  const folderOf = (location: string): string => posix.join(root, parseLocation(location).path);
  const byFolder = new Map<string, Set<string>>();
  for (const { location, dependencies } of packages.values())
    for (const [name, key] of dependencies) {
      const found = packages.get(key);
      if (found === undefined) continue;
      const at = `${folderOf(location)}\0${name}`;
      byFolder.set(at, (byFolder.get(at) ?? new Set()).add(folderOf(found.location)));
    }
  return (folder, name) => [...(byFolder.get(`${folder}\0${name}`) ?? [])];
}
