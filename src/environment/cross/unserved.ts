import { join, posix } from "node:path";
import { fitsPlatform } from "../../native/fits.js";
import type { NativeFile } from "../../native/native-file.js";
import type { Environment } from "../environment.js";
import { foldersOutside } from "../outside.js";
import { isWithin } from "../paths.js";
import { parseLocation } from "../pnp/location.js";
import { admits } from "../platform-families.js";
import { targetOf } from "../target.js";
import { isForeign, ownPackages } from "./foreign.js";
import { catchesLack, findHardNeeds } from "./scripts.js";

/** A package with binaries for other platforms than the target, and none for the target. */
export interface Unserved {
  readonly name: string;
  readonly version: string;
  /** As `InstalledPackage.path`. */
  readonly path: string;
  /** Its binaries, relative to the root. */
  readonly files: readonly NativeFile[];
}

export interface UnservedFindings {
  /** They bring a program or addon for the target's system, only not for its processor or C library, or for Linux and nothing else. */
  readonly lacking: readonly Unserved[];
  /** They bring none for that system, as what uses the system's own there, or can do without. */
  readonly without: readonly Unserved[];
}

/** What is asked about what is packed. */
export interface Packing {
  /** Whether a package (its path) goes in. */
  readonly isPackage: (path: string) => boolean;
  /** Whether the user's rules leave a file (relative to the root) out. */
  readonly isExcluded: (file: string) => boolean;
}

/** Files of tests and examples, which nobody runs there. */
const SAMPLES = /(^|\/)(__tests__|tests?|specs?|fixtures?|examples?|samples?|benchmarks?)\//i;

/**
 * Packages that bring binaries of their own, with no script to fetch another, and none of them for the target. What those
 * whose install scripts were not run lack is found elsewhere.
 *
 * @param known paths of packages of which it is known already
 */
export function findUnserved(environment: Environment, { isPackage, isExcluded }: Packing, known: ReadonlySet<string>): UnservedFindings {
  const { natives, executables = [], families = [], packages, root } = environment;
  const target = targetOf(environment);
  const own = ownPackages(environment);
  const byPackage = new Map<string, NativeFile[]>();
  for (const one of [...natives, ...executables]) {
    if (one.os === null || own.has(one.package) || SAMPLES.test(one.file.slice(one.package.length))) continue;
    byPackage.set(one.package, [...(byPackage.get(one.package) ?? []), one]);
  }
  const findings = { lacking: [] as Unserved[], without: [] as Unserved[] };
  if (byPackage.size === 0) return findings;
  const folders = foldersOutside(environment.outside ?? []);
  const hard = findHardNeeds(environment, folders);
  for (const { name, version, path } of packages) {
    const files = byPackage.get(path)?.filter(({ file }) => !isExcluded(file)) ?? [];
    const isServed =
      files.some((one) => !isForeign(one, target)) ||
      families.some(({ dependent, installed }) => dependent === name && installed.some((one) => admits(one, target)));
    if (files.length === 0 || known.has(path) || isServed || !isPackage(path)) continue;
    const isMeant = files.some(({ os }) => os === target.os) || files.every(({ os }) => os === "linux");
    const canDoWithout = !hard.has(name) || catchesLack(folders.get(path) ?? join(root, parseLocation(path).path));
    findings[isMeant && !canDoWithout ? "lacking" : "without"].push({ name, version, path, files });
  }
  return findings;
}

/** What leaves these files out, as patterns of `--exclude`: the folder that holds them all, where it is not the package itself. */
export function patternsFor({ path, files }: Pick<Unserved, "path" | "files">): string[] {
  const [first = "", ...others] = files.map(({ file }) => file);
  let folder = posix.dirname(first);
  while (others.some((file) => !isWithin(file, folder))) folder = posix.dirname(folder);
  if (folder !== path && isWithin(folder, path)) return [`/${folder}/`];
  return [first, ...others].map((file) => `/${file}`);
}

/** The project's own programs that are for other platforms, and go in as they are. */
export function findOwnForeign(environment: Environment, isPacked: (file: string) => boolean): readonly NativeFile[] {
  const own = ownPackages(environment);
  const target = targetOf(environment);
  return (environment.executables ?? []).filter((one) => own.has(one.package) && isPacked(one.file) && !fitsPlatform(one, target));
}
