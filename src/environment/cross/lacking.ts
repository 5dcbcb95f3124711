import { join } from "node:path";
import { isNamedFor, readPlatformName } from "../../native/platform-names.js";
import { tripleOf } from "../../manifest/target.js";
import { enumerate } from "../../support/enumerate.js";
import { EnvpackError } from "../../support/errors.js";
import type { Environment } from "../environment.js";
import { readLockedPlatforms, type LockedPlatform } from "../managers/locked-platforms.js";
import { foldersOutside } from "../outside.js";
import { readPackageJson } from "../package-json.js";
import { parseLocation } from "../pnp/location.js";
import { admits, isWebAssembly } from "../platform-families.js";
import type { TargetPlatform } from "./triple.js";

/** What a lockfile is called, and how it is written anew. */
export interface LockfileFacts {
  /** Absolute. */
  readonly path: string;
  readonly rewrite: string;
}

/**
 * Makes sure that the lockfile has what packages exist once a platform: a dependent names one for the target, nothing of
 * its family for the target is installed, and yet the manager was told of the target. npm writes such lockfiles where
 * node_modules was there before them (npm/cli 4828).
 *
 * @param isPacked whether a package (its path) goes in
 * @throws EnvpackError LOCKFILE_UNFIT
 */
export function checkLockfileHas(
  environment: Environment,
  target: TargetPlatform,
  isPacked: (path: string) => boolean,
  lockfile: LockfileFacts,
): void {
  const lacking = findLacking(environment, target, isPacked);
  if (lacking.length === 0) return;
  throw new EnvpackError(
    "LOCKFILE_UNFIT",
    `the lockfile has no packages for ${tripleOf(target)}, which others name: ${enumerate(lacking)}`,
    {
      path: lockfile.path,
      hint: `it was written from what was installed on one machine: remove it and node_modules, and write it anew with \`${lockfile.rewrite}\``,
    },
  );
}

function findLacking(environment: Environment, target: TargetPlatform, isPacked: (path: string) => boolean): string[] {
  const folders = foldersOutside(environment.outside ?? []);
  const there = new Set(environment.packages.map(({ name }) => name));
  const found = new Set<string>();
  const locked = readLockedPlatforms(environment.root);
  for (const { path, name } of environment.packages) {
    if (path !== "" && !isPacked(path)) continue;
    const json = readPackageJson(folders.get(path) ?? join(environment.root, parseLocation(path).path));
    if (typeof json === "string" || json.optionalDependencies.size < 2) continue;
    const wanted = [...json.optionalDependencies.keys()].filter((one) => isForTarget(one, target, locked));
    if (wanted.length === 0 || wanted.some((one) => there.has(one)) || isServed(environment, name, target)) continue;
    for (const one of wanted) found.add(one);
  }
  return [...found].sort();
}

/** What the lockfile says counts; else names of families tell system and processor: a single word such as "linux" is part of many a name. */
function isForTarget(name: string, target: TargetPlatform, locked: ReadonlyMap<string, LockedPlatform>): boolean {
  const platform = locked.get(name);
  if (platform !== undefined) return !isWebAssembly(platform) && platform.cpu.length > 0 && admits(platform, target);
  const named = readPlatformName(name);
  return named.cpu.length > 0 && isNamedFor(named, target);
}

function isServed({ families = [] }: Environment, dependent: string, target: TargetPlatform): boolean {
  return families.some((family) => family.dependent === dependent && family.installed.some((one) => admits(one, target)));
}
