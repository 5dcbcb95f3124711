import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { parseLocation, splitZip } from "../environment/pnp/location.js";
import { foundPaths } from "../plan/found-paths.js";
import { ENVIRONMENT_FOLDER } from "../plan/layout.js";

/**
 * The environment as the archive will hold it: without the packages and commands whose files
 * `--omit dev` or a rule left out.
 *
 * @param entries of the plan
 */
export function narrowEnvironment(environment: Environment, entries: readonly PlannedEntry[]): Environment {
  const base = ENVIRONMENT_FOLDER[environment.kind];
  const arcpathOf = (path: string): string => posix.join(base, fileOf(path));
  const { packages, bins, natives } = environment;
  const places = [...packages.map(({ path }) => path), ...bins.map(({ file }) => file), ...natives.map(({ file }) => file)];
  const paths = foundPaths(entries, places.map(arcpathOf));
  const isPacked = (path: string): boolean => paths.has(arcpathOf(path));
  return {
    ...environment,
    packages: packages.filter(({ path }) => path === "" || isPacked(path)),
    bins: bins.filter(({ file }) => isPacked(file)),
    natives: natives.filter(({ file }) => isPacked(file)),
  };
}

/** A command in an archive of Yarn's cache goes in with the archive. */
function fileOf(path: string): string {
  const real = parseLocation(path).path;
  return splitZip(real)?.zip ?? real;
}
