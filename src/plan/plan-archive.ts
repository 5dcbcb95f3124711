import type { PlanOptions } from "./plan-options.js";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import { checkAddons, noticeLibraries } from "../environment/addons.js";
import { noticeForeignBins } from "../environment/bin-platforms.js";
import type { Environment } from "../environment/environment.js";
import { parseLocation } from "../environment/pnp/location.js";
import { checkInstalledFor } from "../environment/target.js";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { noticeCollisionsIn } from "./collisions.js";
import { byPath, foundPaths, placeOf } from "./found-paths.js";
import { linkSameInodes } from "./hard-links.js";
import { ENVIRONMENT_FOLDER } from "./layout.js";
import { scopeOfMember } from "./member-scope.js";
import { planOutside } from "./outside-entries.js";
import type { LeftOut, Plan } from "./plan.js";
import { withRuntime } from "./prefix-runtime.js";
import { leaveOutSecretFiles } from "./secret-files.js";
import { Selection, type SelectionOptions } from "./selection.js";
import { slimResults } from "./slim/slim.js";
import { walkEnvironment } from "./walk.js";
import type { WalkResult } from "./walk-result.js";

export { scanRoots } from "./layout.js";

/**
 * Decides what goes into the archive and where: the environment below its folder and the runtime in
 * `bin/` and `lib/node_modules/`. Files are listed and measured, not read, but for those that may hold
 * secrets. Throws SECRET_FOUND, SPECIAL_FILE, NAME_NOT_PORTABLE, SOURCE_UNREADABLE, SOURCE_CHANGED and
 * ADDON_MISMATCH and INSTALLED_FOR_OTHER_PLATFORM with the path at fault.
 */
export async function planArchive(environment: Environment, given: PlanOptions): Promise<Plan> {
  const matched = given.matched ?? new Set<number>();
  const options = { ...given, matched };
  const { signal, onProgress } = options;
  refuseMissingSecrets(environment, options.includeSecrets);
  const arcpath = ENVIRONMENT_FOLDER[environment.kind];
  const member = scopeOfMember(environment, options);
  const own = await walkEnvironment({
    root: environment.root,
    arcpath,
    listing: options.listing,
    selection: new Selection(environment, options, member.scope),
    signal,
    onLarge: options.onLarge,
    onEntries: (done) => onProgress?.({ stage: "planning", done, total: null }),
  });
  const walked = [...(await withRuntime(environment, own, signal)), ...(await planOutside(environment, options))];
  const slimmed = await slimResults(walked, environment, options);
  const { results, notices } = await leaveOutSecretFiles(slimmed.results, {
    folder: arcpath,
    isProject: environment.kind === "project",
    signal,
  });
  const entries = orderEntries(results);
  const natives = foundPaths(
    entries,
    [...environment.natives, ...environment.bins].map(({ file }) => posix.join(arcpath, file)),
  );
  const isPacked = (file: string): boolean => natives.has(posix.join(arcpath, file));
  const addons = [...checkPlatform(environment, entries, options), ...checkAddons(environment, isPacked)];
  onProgress?.({ stage: "planning", done: entries.length, total: entries.length });
  const leftOut = results.flatMap((result) => result.leftOut).sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    entries,
    leftOut,
    notices: [
      ...environment.notices,
      ...member.notices,
      ...addons,
      ...noticeLibraries(environment, isPacked),
      ...noticeForeignBins(environment, isPacked),
      ...noticeCollisionsIn(results, arcpath, entries),
      ...noticeSecretFixtures(leftOut),
      ...notices,
      ...noticeUnmatched(environment, options),
      ...slimmed.notices,
    ],
    includedSecrets: own.includedSecrets,
    slim: slimmed.report,
  };
}

function checkPlatform(environment: Environment, entries: readonly PlannedEntry[], { forcePlatform }: PlanOptions): Notice[] {
  const places = (environment.families ?? []).flatMap(({ installed }) => installed.map(({ path }) => path));
  const arcpathTo = (path: string): string => posix.join(ENVIRONMENT_FOLDER[environment.kind], parseLocation(path).path);
  const found = foundPaths(entries, places.map(arcpathTo));
  return checkInstalledFor(environment, (path) => found.has(arcpathTo(path)), forcePlatform);
}

/** Folders that hold what comes from elsewhere than the environment's own folder. */
const SHARED_FOLDERS = ["bin", "lib", "lib/node_modules", "links"];

/** One list in the archive's order. */
function orderEntries(results: readonly WalkResult[]): readonly PlannedEntry[] {
  const all = results.flatMap((result) => result.entries).sort(byPath);
  for (const path of SHARED_FOLDERS) {
    const at = placeOf(all, path);
    const below = `${path}/`;
    if (all[at]?.path === path || all[placeOf(all, below)]?.path.startsWith(below) !== true) continue;
    all.splice(at, 0, { type: "directory", path });
  }
  // Folders above archives of Yarn's cache may be known already; the last one counts.
  const entries = all.filter(({ path }, index) => path !== all[index + 1]?.path);
  return linkSameInodes(entries, new Map(results.flatMap((result) => [...result.inodes])));
}

/** A path that is misspelt must not pass for a secret that went in. */
function refuseMissingSecrets({ root, namedRoot }: Environment, includeSecrets: readonly string[]): void {
  const path = includeSecrets.find((one) => !existsSync(resolve(root, one)));
  if (path === undefined) return;
  throw new EnvpackError("USAGE", "there is nothing where --include-secret says", {
    path,
    hint: `give the path relative to ${namedRoot}`,
  });
}

/** A pattern that matches nothing is misspelt, or begins where summaries' paths begin. */
function noticeUnmatched({ kind }: Environment, { rules, matched }: SelectionOptions): Notice[] {
  const folder = ENVIRONMENT_FOLDER[kind];
  return rules
    .filter((_, index) => matched?.has(index) === false)
    .map(({ action, pattern }) => {
      const inside = folder !== "" && pattern.replace(/^\//, "").startsWith(`${folder}/`);
      const hint = inside ? `: patterns begin inside of ${folder}/, in the project's folder` : "";
      return { code: "PATTERN_UNMATCHED", message: `--${action} ${JSON.stringify(pattern)} matched nothing${hint}` };
    });
}

/** Packages that publish keys and settings for their tests: said once, with a count. */
function noticeSecretFixtures(leftOut: readonly LeftOut[]): Notice[] {
  const fixtures = leftOut.filter(({ reason, path }) => reason === "secret" && path.includes("/node_modules/"));
  if (fixtures.length === 0) return [];
  const files = fixtures.reduce((sum, { files: count }) => sum + (count ?? 1), 0);
  const what = files === 1 ? "a file that is" : `${files} files that are`;
  return [{ code: "SECRET_FIXTURES", message: `installed packages hold ${what} named like secrets; left out too` }];
}
