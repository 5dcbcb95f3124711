import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { parseLocation, splitZip } from "../environment/pnp/location.js";
import { ENVIRONMENT_FOLDER } from "./layout.js";

/**
 * The environment as the archive will hold it: without the packages and commands whose files
 * `--omit dev` or a rule left out.
 *
 * @param entries of the plan
 */
export function narrowEnvironment(environment: Environment, entries: readonly PlannedEntry[]): Environment {
  const base = ENVIRONMENT_FOLDER[environment.kind];
  const paths = new Set(entries.map(({ path }) => path));
  const isPacked = (path: string): boolean => paths.has(posix.join(base, fileOf(path)));
  return {
    ...environment,
    packages: environment.packages.filter(({ path }) => path === "" || isPacked(path)),
    bins: environment.bins.filter(({ file }) => isPacked(file)),
    natives: environment.natives.filter(({ file }) => isPacked(file)),
  };
}

/** A command in an archive of Yarn's cache goes in with the archive. */
function fileOf(path: string): string {
  const real = parseLocation(path).path;
  return splitZip(real)?.zip ?? real;
}
