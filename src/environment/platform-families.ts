import { join } from "node:path";
import semver from "semver";
import type { Target } from "../manifest/target.js";
import { readPackageJson, readPackageJsonText, type PackageJson } from "./package-json.js";
import { isNamedFor, readPlatformName } from "../native/platform-names.js";
import type { LockedPlatform } from "./managers/locked-platforms.js";
import { parseLocation, splitZip } from "./pnp/location.js";
import { readZip } from "./pnp/zip.js";

/** A package that is for some platforms only, as its package.json says. */
export interface PlatformPackage {
  readonly name: string;
  /** Relative to the environment's root. */
  readonly path: string;
  readonly os: readonly string[];
  readonly cpu: readonly string[];
  readonly libc: readonly string[];
}

/** A package that goes in. */
export interface PackagePlace {
  /** What it is imported by. */
  readonly name: string;
  /** As `InstalledPackage.path`. */
  readonly path: string;
  /** Its folder, absolute; absent: the path leads to it from the root. */
  readonly folder?: string;
  /** Absent: not read yet. */
  readonly json?: PackageJson | "broken";
}

/** Where the packages lie. */
export interface PackageRoot {
  readonly root: string;
  /** Of Plug'n'Play: archives that lie elsewhere than their paths say, absolute. */
  readonly zips?: ReadonlyMap<string, string>;
}

/** Who may name packages for platforms among its optionalDependencies. */
export interface Dependent {
  readonly name: string;
  readonly json: PackageJson;
}

/** Packages of which a dependent names one a platform, and package managers install the one that fits. */
export interface PlatformFamily {
  /** Who names them among its optionalDependencies. */
  readonly dependent: string;
  /** Those that are installed. */
  readonly installed: readonly PlatformPackage[];
  /** Names of those that are not. */
  readonly absent: readonly string[];
  /** What the lockfile says of the platforms of packages, by name; what it does not say their names tell. Absent: it says nothing. */
  readonly locked?: ReadonlyMap<string, LockedPlatform>;
}

/**
 * The families of which something is installed.
 *
 * @param installed every package that goes in, where it may have been read before (`json`)
 * @param dependents the project and its members: their optionalDependencies count like those of packages
 * @param readLocked reads what the lockfile says of platforms, where that is needed
 */
export function findPlatformFamilies(
  { root, zips }: PackageRoot,
  installed: readonly PackagePlace[],
  dependents: readonly Dependent[],
  readLocked: () => ReadonlyMap<string, LockedPlatform> = () => new Map(),
): readonly PlatformFamily[] {
  const byName = new Map<string, (PlatformPackage & { readonly version: string | null })[]>();
  for (const place of installed) {
    // Yarn unpacks what holds programs: what stays in an archive is for every platform.
    const json = isInArchive(place.path) ? null : readJson({ root, zips }, place);
    if (json === null || json.os.length + json.cpu.length + json.libc.length === 0) continue;
    const { os, cpu, libc, version } = json;
    const found = { name: json.name ?? place.name, path: place.path, os, cpu, libc, version };
    for (const name of new Set([place.name, found.name])) byName.set(name, [...(byName.get(name) ?? []), found]);
  }
  if (byName.size === 0) return [];
  const packages = installed.flatMap((place) => {
    const json = readJson({ root, zips }, place);
    return json === null ? [] : [{ name: place.name, json }];
  });
  const families = [...dependents, ...packages].flatMap((dependent) => familiesOf(dependent, byName));
  if (families.length === 0) return [];
  const locked = readLocked();
  return locked.size === 0 ? families : families.map((family) => ({ ...family, locked }));
}

function familiesOf(
  { name: dependent, json }: Dependent,
  byName: ReadonlyMap<string, readonly (PlatformPackage & { readonly version: string | null })[]>,
): PlatformFamily[] {
  return [...groupByStem(json.optionalDependencies).values()].flatMap((wanted) => {
    const there = wanted.map(([name, range]) => ({
      name,
      packages: (byName.get(name) ?? []).filter(({ version }) => isWanted(version, range)),
    }));
    const chosen = there.flatMap(({ packages }) => packages.map(({ version: _version, ...rest }) => rest));
    return chosen.length === 0
      ? []
      : [{ dependent, installed: chosen, absent: there.filter(({ packages }) => packages.length === 0).map(({ name }) => name) }];
  });
}

function isInArchive(path: string): boolean {
  return splitZip(parseLocation(path).path) !== null;
}

/** Null where there is none that can be read: that is told of elsewhere. */
function readJson({ root, zips }: PackageRoot, { path, folder, json: known }: PackagePlace): PackageJson | null {
  if (known !== undefined) return known === "broken" ? null : known;
  const zip = folder === undefined ? splitZip(parseLocation(path).path) : null;
  if (zip === null) {
    const json = readPackageJson(folder ?? join(root, parseLocation(path).path));
    return json === "absent" || json === "broken" ? null : json;
  }
  try {
    return readPackageJsonText(
      readZip(zips?.get(zip.zip) ?? join(root, zip.zip))
        .read(`${zip.inside}/package.json`)
        ?.toString("utf8") ?? "",
    );
  } catch {
    return null;
  }
}

function groupByStem(optional: ReadonlyMap<string, string>): ReadonlyMap<string, [string, string][]> {
  const groups = new Map<string, [string, string][]>();
  for (const entry of optional) {
    const { stem } = readPlatformName(entry[0]);
    groups.set(stem, [...(groups.get(stem) ?? []), entry]);
  }
  return groups;
}

/** Two versions of a dependent have a family each; what is no range (`npm:`, `workspace:`) says nothing about versions. */
function isWanted(version: string | null, range: string): boolean {
  return version === null || semver.validRange(range) === null || semver.satisfies(version, range, { includePrerelease: true });
}

/** What is compiled to WebAssembly runs everywhere, and is installed where a manager was told to. */
export function isWebAssembly({ cpu }: LockedPlatform): boolean {
  return cpu.includes("wasm32");
}

/** Whether a package may be installed there. */
export function admits(platform: LockedPlatform, target: Pick<Target, "os" | "arch" | "libc">): boolean {
  if (isWebAssembly(platform)) return true;
  const { os, cpu, libc } = platform;
  return takes(os, target.os) && takes(cpu, target.arch) && (target.libc === null || takes(libc, target.libc));
}

/** npm's rule (npm-install-checks): none of those with "!", and one of those without where there are any. */
function takes(words: readonly string[], value: string): boolean {
  if (words.includes(`!${value}`)) return false;
  const named = words.filter((word) => !word.startsWith("!") && word !== "any");
  return named.length === 0 || named.includes(value);
}

/**
 * Packages that tell that they were installed for another platform: none of their family is for this one, and one that
 * is not there would be. A family that has nothing for this platform (fsevents outside of macOS) tells nothing: its
 * dependent does without.
 *
 * @param isThere whether a package (its path) counts: what is left out does no harm
 */
export function findMisplaced(
  families: readonly PlatformFamily[],
  target: Pick<Target, "os" | "arch" | "libc">,
  isThere: (path: string) => boolean = () => true,
): readonly PlatformPackage[] {
  const found = new Map<string, PlatformPackage>();
  for (const { installed, absent, locked } of families) {
    const there = installed.filter(({ path }) => isThere(path));
    if (there.length === 0 || there.some((one) => admits(one, target))) continue;
    const left = [...absent, ...installed.filter(({ path }) => !isThere(path)).map(({ name }) => name)];
    const wouldFit = (name: string): boolean => {
      const platform = locked?.get(name);
      return platform === undefined ? isNamedFor(readPlatformName(name), target) : !isWebAssembly(platform) && admits(platform, target);
    };
    if (left.some(wouldFit)) for (const one of there) found.set(one.path, one);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The platform that all these packages are for; null where they are for several, or do not tell. */
export function commonPlatform(packages: readonly PlatformPackage[]): Pick<Target, "os" | "arch" | "libc"> | null {
  const [os, arch, libc] = (["os", "cpu", "libc"] as const).map((key) => {
    const lists = packages
      .map((one) => one[key].filter((word) => !word.startsWith("!") && word !== "any"))
      .filter((words) => words.length > 0);
    return lists.length === 0 ? undefined : lists.reduce((common, words) => common.filter((word) => words.includes(word)));
  });
  if (os?.[0] === undefined || arch?.length !== 1) return null;
  // Lockfiles of some versions of npm name no C library: then packages for both are there, and either will do.
  return { os: os[0], arch: arch[0] as string, libc: libc?.[0] === "glibc" || libc?.[0] === "musl" ? libc[0] : null };
}
