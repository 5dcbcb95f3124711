import { readHostAtOnce } from "../../manifest/host.js";
import { readLockedPlatforms } from "../managers/locked-platforms.js";
import { admits, isWebAssembly } from "../platform-families.js";

/**
 * Tells of a package that is absent whether it should have been fetched here, by the platforms that the lockfile has for it. In a
 * tree that holds packages for another platform than this machine's none is: that is what it was installed for.
 *
 * @param present names of packages that are there
 */
export function isMissedHere(root: string, present: readonly string[]): (name: string) => boolean {
  const locked = readLockedPlatforms(root);
  const host = readHostAtOnce();
  const admitted = (name: string): boolean | null => {
    const platform = locked.get(name);
    return platform === undefined || isWebAssembly(platform) ? null : admits(platform, host);
  };
  if (present.some((name) => admitted(name) === false)) return () => false;
  return (name) => admitted(name) === true;
}
