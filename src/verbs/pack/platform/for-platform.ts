import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, posix, resolve } from "node:path";
import semver from "semver";
import type { PlannedEntry } from "../../../archive/entry.js";
import { makeScratch } from "../../../cache/scratch.js";
import type { CacheUses } from "../../../cache/uses.js";
import { findForeign } from "../../../environment/cross/foreign.js";
import { installFor } from "../../../environment/cross/install.js";
import { isFull, noSpace } from "../../../environment/cross/no-space.js";
import { checkLockfileHas } from "../../../environment/cross/lacking.js";
import { fetchPrismaEngines } from "../../../environment/cross/prisma.js";
import { fetchFromMirrors } from "../../../environment/cross/mirrors.js";
import { checkNatives } from "../../../environment/cross/natives.js";
import { checkRuntimeFor } from "../../../environment/cross/runtime.js";
import { parsePlatform, type TargetPlatform } from "../../../environment/cross/triple.js";
import type { Packing } from "../../../environment/cross/unserved.js";
import type { Environment } from "../../../environment/environment.js";
import type { EnvironmentName } from "../../../environment/locate.js";
import { findLocked } from "../../../environment/managers/detect.js";
import type { PackageManager } from "../../../environment/managers/manager.js";
import { readOwnPackageJson } from "../../../environment/package-json.js";
import { parseLocation } from "../../../environment/pnp/location.js";
import { tripleOf } from "../../../manifest/target.js";
import { findPrograms } from "../../../native/find-programs.js";
import { listTree } from "../../../listing/listing.js";
import { findEveryNative } from "../../../environment/outside.js";
import { isWithin } from "../../../environment/paths.js";
import { foundPaths } from "../../../plan/found-paths.js";
import { ENVIRONMENT_FOLDER } from "../../../plan/layout.js";
import type { LeftOut } from "../../../plan/plan.js";
import type { FilterRule } from "../../../support/filters.js";
import { EnvpackError, explainError } from "../../../support/errors.js";
import type { CommonOptions } from "../../../support/options.js";
import type { Notice } from "../../../support/progress.js";
import { putPrebuilt, type Prebuilt } from "./prebuilt.js";
import { checkWindowsNames } from "./windows-names.js";
import { installPrefix } from "./prefix.js";
import { PathNames } from "./path-names.js";
import { isSameFile, stageProject } from "./stage.js";

export type { Prebuilt } from "./prebuilt.js";

/** What decides about an installation for a platform. */
export interface PlatformOptions extends CommonOptions, EnvironmentName {
  readonly platform?: string;
  readonly node?: string;
  readonly prebuilt?: readonly Prebuilt[];
  readonly rules?: readonly FilterRule[];
  readonly omit?: readonly ("dev" | "npm")[];
  readonly includeSecrets?: readonly string[];
  readonly output?: unknown;
}

/** An environment whose packages were installed afresh for a platform, ready to be packed as if it lay where it came from. */
export interface CrossInstalled {
  readonly target: TargetPlatform;
  /** Where it came from. */
  readonly source: string;
  /** The folder to pack, a member's in its workspace. */
  readonly path: string;
  readonly kind?: "prefix";
  /** Positions of the user's rules that matched anything already. */
  readonly matched: Set<number>;
  /** Turns paths of the copy into those that the user knows. */
  readonly names: PathNames;
  /** What stayed behind when the project was copied. */
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** The environment as it was read from the copy, told where it came from. */
  readonly adopt: (environment: Environment) => Environment;
  /** Looks whether all that goes in is for the platform; returns what is to be told. */
  readonly check: (environment: Environment, entries: readonly PlannedEntry[], leftOut: readonly LeftOut[]) => Notice[];
}

/** Of a package that the user names and where a project's lies. */
interface Located {
  readonly path: string;
  readonly kind?: "prefix";
}

/**
 * Copies a project's own files and has its packages installed for a platform by its own manager, or the packages of a
 * global prefix by npm. The source is only read. All of it lies in one folder of this user's, which is removed when the
 * packing is over, and by the next run after a kill.
 */
export async function installForPlatform(located: Located, options: PlatformOptions, uses: CacheUses): Promise<CrossInstalled> {
  const target = parsePlatform(options.platform ?? "");
  const source = resolve(located.path);
  if (!existsSync(source))
    throw new EnvpackError("NOT_AN_ENVIRONMENT", "there is nothing here", {
      path: source,
      hint: "name the folder that holds package.json",
    });
  await checkRuntimeFor(target, options.node);
  try {
    const scratch = await makeScratch();
    uses.afterwards(scratch.remove);
    const isPrefix = located.kind === "prefix" || readOwnPackageJson(source) === null;
    return await (isPrefix ? crossPrefix : crossProject)(source, scratch.path, target, options);
  } catch (error) {
    throw isFull(error) ? noSpace(tmpdir(), error) : explainError(error, "cannot prepare the installation");
  }
}

async function crossProject(folder: string, scratch: string, target: TargetPlatform, options: PlatformOptions): Promise<CrossInstalled> {
  const { signal, rules = [], omit = [], includeSecrets = [], output } = options;
  const matched = new Set<number>();
  const omitDev = omit.includes("dev");
  const stage = await stageProject(folder, scratch, {
    rules,
    omitDev,
    includeSecrets,
    output: typeof output === "string" ? resolve(output) : null,
    matched,
    signal,
  });
  const { source, root, locked } = stage;
  options.onProgress?.({ stage: "fetching", done: 0, total: null, detail: `${locked.manager.name} installs for ${tripleOf(target)}` });
  await installFor({ root, source, target, signal, ...locked });
  if (!isSameFile(join(source, locked.lockfile), join(root, locked.lockfile))) throw changed(source, locked);
  const fetched = { root, importers: [...new Set(["", stage.member])], target, signal };
  await fetchFromMirrors({ ...fetched, node: semver.valid(options.node) ?? process.versions.node });
  await fetchPrismaEngines(fetched);
  const linked = await installLinked(stage.linked, target, signal);
  const names = new PathNames([[root, source], ...[...stage.linked].map(([from, to]): [string, string] => [to, from])]);
  await putPrebuilt(options.prebuilt ?? [], { root, importers: [...new Set(["", stage.member])] }, target);
  const lockfile = { path: join(source, locked.lockfile), rewrite: locked.manager.install.fresh };
  return {
    target,
    source,
    path: join(root, stage.member),
    matched,
    names,
    leftOut: stage.leftOut.map((one) => ({ ...one, path: posix.join(ENVIRONMENT_FOLDER.project, one.path) })),
    notices: linked,
    adopt: (environment) => ({
      ...withExecutables(environment),
      namedRoot: source,
      copyOf: { roots: [resolve(folder)], folders: new Map([...stage.linked].map(([from, to]) => [to, from])) },
    }),
    check: (environment, entries, leftOut) => {
      const packed = packedIn(environment, entries, leftOut, omitDev);
      checkLockfileHas(environment, target, packed.isPackage, lockfile);
      return [...checkNatives(environment, packed, packed.isFile), ...checkWindowsNames(entries, target)];
    },
  };
}

/** Linked packages resolve what they need from their own folders: each has a lockfile of its own, or needs nothing. */
async function installLinked(
  linked: ReadonlyMap<string, string>,
  target: TargetPlatform,
  signal: AbortSignal | undefined,
): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const [source, root] of linked) {
    const json = readOwnPackageJson(source);
    if (json === null || json.dependencies.size === 0 || existsSync(join(root, "node_modules"))) continue;
    const locked = findLocked(source, json);
    if (locked === null)
      notices.push({
        code: "LINKED_NOT_INSTALLED",
        message: "a linked package has no lockfile: what it needs has to come with the project",
        path: source,
      });
    else await installFor({ root, source, target, signal, ...locked });
  }
  return notices;
}

async function crossPrefix(source: string, scratch: string, target: TargetPlatform, options: PlatformOptions): Promise<CrossInstalled> {
  const path = join(scratch, basename(source));
  const notices = await installPrefix(source, path, target, options);
  await putPrebuilt(options.prebuilt ?? [], { root: path, importers: ["lib"] }, target);
  return {
    target,
    source,
    path,
    kind: "prefix",
    matched: new Set(),
    names: new PathNames([[path, source]]),
    leftOut: [],
    notices,
    adopt: (environment) => ({ ...withExecutables(environment), namedRoot: source }),
    check: (environment, entries, leftOut) => {
      const packed = packedIn(environment, entries, leftOut, false);
      return [...checkNatives(environment, packed, packed.isFile), ...checkWindowsNames(entries, target)];
    },
  };
}

/** Programs of other platforms go in unnoticed where nobody looks for them: their names tell nothing. */
function withExecutables(environment: Environment): Environment {
  const { root, packages, outside = [] } = environment;
  return { ...environment, executables: findEveryNative(listTree(root), packages, outside, findPrograms) };
}

/** Which packages and native files go in. */
function packedIn(
  environment: Environment,
  entries: readonly PlannedEntry[],
  leftOut: readonly LeftOut[],
  omitDev: boolean,
): Packing & { readonly isFile: (path: string) => boolean } {
  const base = ENVIRONMENT_FOLDER[environment.kind];
  const arcpathTo = (path: string): string => posix.join(base, parseLocation(path).path);
  const development = new Set(omitDev ? environment.packages.filter(({ dev }) => dev).map(({ path }) => path) : []);
  const found = foundPaths(entries, [
    ...environment.packages.map(({ path }) => arcpathTo(path)),
    ...[...environment.natives, ...(environment.executables ?? [])].map(({ file }) => posix.join(base, file)),
  ]);
  const excluded = leftOut.filter(({ reason }) => reason === "excluded").map(({ path }) => path);
  const known = new Set(environment.packages.map(({ path }) => path));
  // Linked folders of the project are no packages of a manager's, and few.
  return {
    isPackage: (path) =>
      !development.has(path) && (known.has(path) ? found.has(arcpathTo(path)) : foundPaths(entries, [arcpathTo(path)]).size > 0),
    isFile: (file) => found.has(posix.join(base, file)),
    isExcluded: (file) => excluded.some((path) => isWithin(posix.join(base, file), path)),
  };
}

/** What of an environment is for other platforms than the one it is packed for. */
export function foreignOf(cross: CrossInstalled | null, environment: Environment): ReadonlySet<string> | undefined {
  return cross === null ? undefined : findForeign(environment, cross.target);
}

function changed(source: string, { manager, lockfile }: { readonly manager: PackageManager; readonly lockfile: string }): EnvpackError {
  return new EnvpackError(
    "LOCKFILE_UNFIT",
    `${manager.name} would change ${lockfile}, so that what it installs is not what the file says`,
    { path: join(source, lockfile), hint: `bring it up to date with \`${manager.install.fresh}\`` },
  );
}
