import {
  fileOfBytes,
  META,
  type PlannedEntry,
  type DirectoryEntry,
  type FileEntry,
  type HardlinkEntry,
  type SymlinkEntry,
} from "../../archive/entry.js";
import type { PackFormat } from "../../archive/formats.js";
import { onceEach } from "../../cache/place.js";
import type { CacheUses } from "../../cache/uses.js";
import type { EarlyDigests } from "../../engine/write/early-digests.js";
import type { Pool } from "../../engine/threads/pool.js";
import { requiredGlibc } from "../../environment/addons.js";
import type { Environment } from "../../environment/environment.js";
import { locateEnvironment } from "../../environment/locate.js";
import type { Runtime } from "../../environment/runtime.js";
import { Lister } from "../../listing/lister.js";
import { encodeManifest } from "../../manifest/encode.js";
import type { Manifest } from "../../manifest/manifest.js";
import { EnvpackError } from "../../support/errors.js";
import { embedFiles } from "../../embed/embedded-files.js";
import { hookKind } from "../../embed/hook-kind.js";
import type { CommonOptions } from "../../support/options.js";
import { endPhase } from "../../support/phases.js";
import type { SbomFormat } from "../../evidence/sbom/documents.js";
import type { planBill, PlannedBill } from "./bill.js";
import { planOutput, fitEntries, type OutputOptions, type OutputPlan } from "./output.js";
import { addParcelFiles } from "./parcel.js";
import { installForPlatform, type CrossInstalled, type Prebuilt } from "./platform/for-platform.js";
import type { PathNames } from "./platform/path-names.js";
import { planContent } from "./plan-content.js";
import { readLocated } from "./read-located.js";
import { checkTrace, slimRecord, UNPROVED, type TraceProof, type TraceReport } from "./trace.js";
import { describePlan } from "./describe.js";
import { noticesOf } from "./notices.js";
import type { FilterRule } from "../../support/filters.js";
import { scanRoots } from "../../plan/plan-archive.js";
import type { LeftOut, Plan, SlimReport } from "../../plan/plan.js";
import type { Notice } from "../../support/progress.js";
import { relocatePlan, type Relocated } from "../../portable/relocate-plan.js";
import type { ScanRoot } from "../../scan/scan.js";

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
  /** What to leave out: development dependencies; npm, which comes with the runtime (13 MB), and its commands. */
  readonly omit?: readonly ("dev" | "npm")[];
  /** What is missing or damaged of the installation goes in as it is, with a note; by default it is refused. */
  readonly ignoreLock?: boolean;
  /** Packs packages that were installed for another platform than that of the runtime, with a note; by default they are refused. */
  readonly forcePlatform?: boolean;
  /** What becomes of links to packages outside the environment: they go in with what they need (default), or are refused. */
  readonly links?: "bring" | "refuse";
  /** Paths of secrets that go in all the same, relative to the environment. */
  readonly includeSecrets?: readonly string[];
  /** Makes a bill of materials in this format: it goes into the archive, and beside it as `<output>.cdx.json` or `.spdx.json`. */
  readonly sbom?: SbomFormat;
  /**
   * Packs for this platform, as "linux-arm64", "linux-x64-musl" or "win32-x64": the packages are installed afresh for it, from
   * the lockfile and without scripts, in a folder that is removed afterwards. What is installed in the project is not touched.
   */
  readonly platform?: string;
  /** With `platform`: binaries for packages that download or compile theirs when they are installed. */
  readonly prebuilt?: readonly Prebuilt[];
  /** Leaves out of installed packages what no program loads: source maps, type declarations, documents, tests, caches, binaries for other platforms. */
  readonly slim?: "safe";
  /**
   * Scripts, relative to the project's folder: of installed packages only files go in to which these lead, by @vercel/nft, or
   * which a recorded run touched. The project's own files all go in.
   */
  readonly trace?: readonly string[];
  /** With `trace`: files that `record` wrote. */
  readonly records?: readonly string[];
  /** With `slim` or `trace`: patterns of what is kept all the same; they mean what those of `rules` mean. */
  readonly keep?: readonly string[];
}

/** An entry as far as it is known before anything is read: files have no digest yet. */
export type PreviewEntry = DirectoryEntry | PreviewFile | SymlinkEntry | HardlinkEntry;

export type PreviewFile = Omit<FileEntry, "sha256">;

/** The Node.js that goes in. */
export interface PackedRuntime {
  readonly version: string;
  /** The one that runs envpack, one of this machine, or one of a registry. */
  readonly origin: Runtime["origin"];
  /** The binary, absolute, or the registry's address. */
  readonly from: string;
}

/** What an archive will hold. */
export interface PackPreview {
  readonly manifest: Manifest;
  /** Null with `--node none`. */
  readonly runtime: PackedRuntime | null;
  readonly format: PackFormat;
  /** Absolute; null for a stream. Where the content names the archive, "DIGEST" stands for what is not known yet. */
  readonly output: string | null;
  readonly entries: readonly PreviewEntry[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** What was left out as not needed to run; null: nothing was asked for. */
  readonly slim: SlimReport | null;
  /** What was traced, and why each file of a package is in; null: nothing was. */
  readonly trace: TraceReport | null;
}

/** All that is known before anything is written. */
export interface Prepared {
  readonly environment: Environment;
  readonly place: OutputPlan;
  readonly preview: Omit<PackPreview, "entries">;
  readonly entries: readonly PlannedEntry[];
  /** Null where none was asked for. */
  readonly bill: PlannedBill | null;
  /** Absent: what is packed lies where the user named it. */
  readonly names?: PathNames;
  /** Digests of large files that were begun with while the others were planned; absent: none were. */
  readonly digests?: EarlyDigests;
}

/** What is done beside finding out. */
export interface Meanwhile {
  /** By default nothing is proved. */
  readonly proof?: TraceProof;
  /** Gives what digests large files while the others are planned; by default none are. */
  readonly digests?: (place: OutputPlan) => EarlyDigests | undefined;
}

/**
 * Finds out what goes into an archive, and writes nothing: each stage is entered once, and gives what it noticed.
 *
 * @param pool its threads list the environment's tree meanwhile
 * @param uses marks what is used of envpack's cache until the packing is over
 */
export async function preparePack(
  options: PrepareOptions,
  pool: Pool,
  uses: CacheUses,
  { proof = UNPROVED, digests }: Meanwhile = {},
): Promise<Prepared> {
  const located = locateEnvironment(options);
  checkTrace(options, located.kind);
  if (options.platform === undefined) {
    if (options.prebuilt !== undefined)
      throw new EnvpackError("USAGE", "binaries are given for an installation for a platform", { hint: "name it with --platform" });
    return prepareLocated(options, { located, cross: null, proof, digests }, pool, uses);
  }
  const cross = await installForPlatform(located, options, uses);
  try {
    const prepared = await prepareLocated(
      options,
      { located: { ...located, path: cross.path, kind: cross.kind }, cross, proof, digests },
      pool,
      uses,
    );
    const notices = [...prepared.preview.notices.map((notice) => cross.names.notice(notice)), ...cross.notices];
    const told = new Set(prepared.preview.leftOut.map(({ path }) => path));
    const leftOut = [...prepared.preview.leftOut, ...cross.leftOut.filter(({ path }) => !told.has(path))].sort((a, b) =>
      a.path < b.path ? -1 : 1,
    );
    return { ...prepared, names: cross.names, preview: { ...prepared.preview, notices, leftOut } };
  } catch (error) {
    throw cross.names.error(error);
  }
}

/** What is packed: where it lies, and what it was installed for where that was done just now. */
interface Subject {
  readonly located: ReturnType<typeof locateEnvironment>;
  readonly cross: CrossInstalled | null;
  readonly proof: TraceProof;
  readonly digests: Meanwhile["digests"];
}

async function prepareLocated(
  options: PrepareOptions,
  { located, cross, proof, ...subject }: Subject,
  pool: Pool,
  uses: CacheUses,
): Promise<Prepared> {
  const { signal } = options;
  pool.assign({ kind: "list" });
  const lister = new Lister((task) => {
    pool.start();
    return pool.runEverywhere(task);
  });
  const read = await readLocated(located, options, { lister, uses, platform: cross?.target, npmFolder: cross?.source });
  const environment = cross?.adopt(read) ?? read;
  endPhase("environment read");
  const place = planOutput(options, environment);
  const listing = await lister.listing(environment.root);
  endPhase("listed");
  const digests = subject.digests?.(place);
  const { plan, trace } = await planContent(environment, options, { output: place.path, listing, cross, proof, digests });
  endPhase("planned");
  const crossNotices = cross?.check(environment, plan.entries, plan.leftOut) ?? [];
  const relocated = await relocatePlan(plan, environment, { destPrefix: place.destPrefix, signal });
  const embedded = await embedFiles(environment, relocated.entries);
  const fitted = fitEntries(addParcelFiles(embedded.entries, place.parcel, embedded.environment), place, options);
  const manifestOf = (entries: readonly PlannedEntry[]): Promise<Manifest> =>
    describeManifest(options, plan, trace, { ...relocated, entries, environment: embedded.environment });
  const bill =
    options.sbom === undefined ? null : await describeBill(options.sbom, fitted.entries, await manifestOf(fitted.entries), signal);
  const manifest = await manifestOf(bill === null ? fitted.entries : [...fitted.entries, bill.draft]);
  const noticed = [
    located.notices,
    onceEach(uses.notices),
    plan.notices,
    crossNotices,
    relocated.notices,
    noticesOf(environment, options),
    embedded.notices,
    fitted.notices,
    bill?.notices ?? [],
  ];
  endPhase("prepared");
  return {
    environment,
    place,
    preview: {
      manifest,
      runtime: describeRuntime(environment),
      format: place.format,
      output: place.path,
      leftOut: plan.leftOut,
      notices: noticed.flat(),
      slim: plan.slim ?? null,
      trace,
    },
    entries: withManifest(fitted.entries, manifest),
    bill,
    digests,
  };
}

/** What bills are made with is loaded for those who want one. */
async function describeBill(...bill: Parameters<typeof planBill>): Promise<PlannedBill> {
  const bills = await import("./bill.js");
  return bills.planBill(...bill);
}

async function describeManifest(
  { omit }: PrepareOptions,
  { includedSecrets, slim }: Plan,
  trace: TraceReport | null,
  { environment, entries, summary }: Relocated & { readonly environment: Environment },
): Promise<Manifest> {
  return describePlan({
    environment,
    entries,
    omitted: omit?.includes("dev") === true ? ["dev"] : [],
    relocation: summary,
    glibc: requiredGlibc(environment),
    hook: environment.runtime === null ? "require" : hookKind(environment.runtime.version),
    includedSecrets,
    slim: slimRecord(slim, trace),
  });
}

/** With a destination, its own path takes the place of the old one; from there the archive may be moved again. */
export function rootsOf({ destPrefix }: OutputPlan, environment: Environment): readonly ScanRoot[] {
  return destPrefix === undefined ? scanRoots(environment) : [{ path: destPrefix, arcpath: "" }, ...scanRoots(environment)];
}

function describeRuntime({ runtime }: Environment): PackedRuntime | null {
  if (runtime === null) return null;
  const { version, origin, binary, registry } = runtime;
  return { version, origin, from: origin === "registry" ? (registry ?? "the registry") : binary };
}

/** Puts the manifest first, so that a reader of a stream knows what comes before it writes anything. */
function withManifest(entries: readonly PlannedEntry[], manifest: Manifest): PlannedEntry[] {
  const rest = entries.filter((entry) => entry.path !== META.folder);
  return [{ type: "directory", path: META.folder }, fileOfBytes(META.manifest, encodeManifest(manifest)), ...rest];
}
