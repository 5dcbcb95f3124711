import { fileOfBytes, META, type PlannedEntry, type PlannedFile } from "./archive/entry.js";
import type { PackFormat } from "./archive/format.js";
import type { Pool } from "./engine/pool.js";
import { requiredGlibc } from "./environment/addons.js";
import type { Environment } from "./environment/environment.js";
import { locateEnvironment } from "./environment/locate.js";
import { readEnvironment } from "./environment/read.js";
import { Lister } from "./listing/lister.js";
import { encodeManifest } from "./manifest/encode.js";
import { readHost } from "./manifest/host.js";
import type { Manifest } from "./manifest/manifest.js";
import { furnish } from "./onboard/furnish.js";
import { hookKind } from "./onboard/hook-kind.js";
import type { CommonOptions } from "./options.js";
import { choosePlace, fitEntries, type OutputOptions, type Place } from "./pack-output.js";
import { describePlan } from "./plan/describe.js";
import type { FilterRule } from "./plan/filters.js";
import { mergeEntries } from "./plan/merge.js";
import { narrowEnvironment } from "./plan/narrow.js";
import { planArchive, scanRoots } from "./plan/plan-archive.js";
import type { LeftOut } from "./plan/plan.js";
import type { Notice } from "./progress.js";
import { fixupsOf } from "./relocate/conda-fixups.js";
import { writeDestPrefix } from "./relocate/dest-prefix.js";
import type { Fixup } from "./relocate/fixup.js";
import { relocatePlan } from "./relocate/relocate-plan.js";
import { generalRoots } from "./relocate/roots.js";
import type { FileHits, ScanRoot } from "./relocate/scan.js";

/** What decides about what an archive will hold. */
export interface PrepareOptions extends CommonOptions, OutputOptions {
  /** The environment: a project's folder. By default the current folder. */
  readonly path?: string;
  /** Instead of `path`: a prefix, such as a runtime with its global packages or the global folder of a manager. */
  readonly prefix?: string;
  /** Instead of `path`: the version, or its beginning, of a runtime that a version manager installed. */
  readonly runtimeName?: string;
  /** The runtime that goes in: "current" (default, but for a prefix with a node of its own), "none", a version of Node, or the path of one. */
  readonly node?: string;
  /** What to leave out and what to keep, in order: the last match wins. */
  readonly rules?: readonly FilterRule[];
  /** Kinds of dependencies to leave out. */
  readonly omit?: readonly "dev"[];
  /** What becomes of links to packages outside the environment: they go in with what they need (default), or are refused. */
  readonly links?: "bring" | "refuse";
  /** Paths of secrets that go in all the same, relative to the environment. */
  readonly includeSecrets?: readonly string[];
  /** Where the archive will be restored, absolute: files that name the environment's old place name this one from the start. */
  readonly destPrefix?: string;
}

/** An entry as far as it is known before anything is read: files have no digest yet. */
export type PreviewEntry = Exclude<PlannedEntry, PlannedFile> | Omit<PlannedFile, "source">;

/** What an archive will hold. */
export interface PackPreview {
  readonly manifest: Manifest;
  readonly format: PackFormat;
  /** Absolute; null for a stream. Where the content names the archive, "DIGEST" stands for what is not known yet. */
  readonly output: string | null;
  readonly entries: readonly PreviewEntry[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
}

/** All that is known before anything is written. */
export interface Prepared {
  readonly environment: Environment;
  readonly place: Place;
  readonly preview: Omit<PackPreview, "entries">;
  readonly entries: readonly PlannedEntry[];
}

/**
 * Finds out what goes into an archive, and writes nothing.
 *
 * @param pool its threads list the environment's tree meanwhile
 */
export async function preparePack(options: PrepareOptions, pool: Pool): Promise<Prepared> {
  const { signal, onProgress } = options;
  const located = locateEnvironment(options);
  pool.assign({ kind: "list" });
  const lister = new Lister((task) => pool.runEverywhere(task));
  const environment = await readEnvironment(located.path, { kind: located.kind, node: options.node, links: options.links, lister, signal });
  const place = choosePlace(options, environment);
  const { format, path: output } = place;
  const plan = await planArchive(environment, {
    rules: options.rules ?? [],
    omitDev: options.omit?.includes("dev") ?? false,
    includeSecrets: options.includeSecrets ?? [],
    output,
    listing: await lister.listing(environment.root),
    signal,
    onProgress,
  });
  const relocated = relocatePlan(plan, environment);
  const packed = narrowEnvironment(environment, relocated.plan.entries);
  const notices = [...located.notices, ...relocated.plan.notices, ...noticeGeneralRoots(environment), ...noticeMissingNpm(environment)];
  const furniture = await furnish(packed, (notice) => notices.push(notice));
  const fitted = fitEntries(mergeEntries(relocated.plan.entries, furniture), place, options, notices);
  const content = await placeEntries(fitted, options, environment, notices);
  const manifest = describePlan({
    environment: packed,
    entries: content,
    omitted: options.omit ?? [],
    relocation: relocated.summary,
    glibc: requiredGlibc(packed),
    libc: (await readHost()).libc,
    hook: environment.runtime === null ? "require" : hookKind(environment.runtime.version),
    includedSecrets: plan.includedSecrets,
  });
  return {
    environment,
    place,
    preview: { manifest, format, output, leftOut: plan.leftOut, notices },
    entries: withManifest(content, manifest),
  };
}

/** With a destination, its own path takes the place of the old one; from there the archive may be moved again. */
export function rootsOf({ destPrefix }: PrepareOptions, environment: Environment): readonly ScanRoot[] {
  return destPrefix === undefined ? scanRoots(environment) : [{ path: destPrefix, arcpath: "" }, ...scanRoots(environment)];
}

async function placeEntries(
  entries: readonly PlannedEntry[],
  { destPrefix, signal }: PrepareOptions,
  environment: Environment,
  notices: Notice[],
): Promise<readonly PlannedEntry[]> {
  if (destPrefix === undefined) return entries;
  const toFixups = (hits: readonly FileHits[]): readonly Fixup[] => fixupsOf(hits, environment.conda);
  const placed = await writeDestPrefix(entries, { prefix: destPrefix, roots: scanRoots(environment), toFixups, signal });
  notices.push(...placed.notices);
  return placed.entries;
}

/** The registry's own Node packages hold node alone, and so does many a slim image. */
function noticeMissingNpm({ kind, runtime, bins }: Environment): Notice[] {
  if (kind !== "project" || runtime === null || runtime.tools.has("npm") || bins.some(({ name }) => name === "npm")) return [];
  return [{ code: "RUNTIME_WITHOUT_NPM", message: "this runtime has no npm beside it, so the archive has no bin/npm", path: runtime.binary }];
}

/** A root such as "/app" cannot be told from a web route, so files that name it are not found. */
function noticeGeneralRoots(environment: Environment): Notice[] {
  return generalRoots(scanRoots(environment)).map(({ path }) => ({
    code: "GENERAL_ROOT",
    message: "files that name this folder are not looked for: its path is too common to be told from other text",
    path,
  }));
}

/** Puts the manifest first, so that a reader of a stream knows what comes before it writes anything. */
function withManifest(entries: readonly PlannedEntry[], manifest: Manifest): PlannedEntry[] {
  const rest = entries.filter((entry) => entry.path !== META.folder);
  return [{ type: "directory", path: META.folder }, fileOfBytes(META.manifest, encodeManifest(manifest)), ...rest];
}
