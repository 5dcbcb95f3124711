import type {
  CacheEntry,
  CacheListing,
  CleanResult,
  PackedRuntime,
  PackResult,
  DeliverRegistryResult,
  DeliverSlurmResult,
  DeliverYarnResult,
  DiffResult,
  DoctorResult,
  Entry,
  ErrorCode,
  Info,
  LayerResult,
  LeftOut,
  LicensesResult,
  Manifest,
  Notice,
  PackFormat,
  ParcelManifestResult,
  Platform,
  PreviewEntry,
  ProveResult,
  RelocateResult,
  Residual,
  RuntimeRecord,
  UnpackResult,
  VerifyResult,
  YarnDeliveryPlan,
} from "../index.js";

/**
 * The version of every shape in this file. What is here keeps its name, its place and its meaning while
 * the number stays; fields may be added. docs/json.md and docs/json.schema.json are made from these types
 * (`npm run docs`).
 */
export const SCHEMA_VERSION = 1;

interface Timed {
  /** How long it took. */
  readonly seconds: number;
}

interface WhatIsPacked {
  readonly name: Manifest["name"];
  /** The environment's own; null where it has none. */
  readonly version: Manifest["version"];
  readonly platform: Platform;
  /** The Node.js inside; null where none went in. */
  readonly runtime: JsonRuntime | null;
  readonly format: PackFormat;
  /** Absolute; null for a stream. In a dry run, "DIGEST" stands for what is not known yet. */
  readonly output: string | null;
  /** What did not go in, and why. */
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** Entries of the archive: files, folders and links. */
  readonly entries: number;
  /** Files among them. */
  readonly files: number;
  /** Bytes of content. */
  readonly bytes: number;
  /** What was left out as not needed to run; null: nothing was asked for. */
  readonly slim: PackResult["slim"];
  /** What was traced, and why each file of a package is in; null: nothing was. */
  readonly trace: PackResult["trace"];
}

/** The Node.js inside, and where it came from. */
interface JsonRuntime extends RuntimeRecord {
  readonly origin: PackedRuntime["origin"] | null;
  /** The binary, absolute, or the registry's address. */
  readonly from: string | null;
}

/** What `envpack pack --json` prints. */
export interface PackJson extends WhatIsPacked, Timed {
  /** The archive's own bytes; of a folder those of the `.tar` that would hold the same. */
  readonly archiveBytes: number;
  /** Bytes of content that were taken from an earlier archive. */
  readonly reusedBytes: number;
  /** Of the archive, in hex; of a folder that of the `.tar` that would hold the same; of a container image that of its manifest, or of its index. */
  readonly sha256: string;
  /** Files that name the environment's old place, which `unpack` and `relocate` rewrite; in a folder they were rewritten. */
  readonly fixups: number;
  /** Of a folder: places that could not be rewritten and name the old place still. */
  readonly unfit: PackResult["unfit"];
  /** Files that name a folder of the packing machine that did not go in. */
  readonly residuals: readonly Residual[];
  /** Fingerprints of the keys that it was signed with, as `ssh-keygen -l` shows them. */
  readonly signedBy: PackResult["signedBy"];
  /** What was written beside the archive. */
  readonly beside: PackResult["beside"];
  /** Of a container image: its layers, and where it was pushed; null of all else. */
  readonly image: PackResult["image"];
}

/** What `envpack pack --dry-run --json` prints. */
export interface DryRunJson extends WhatIsPacked {
  /** Files by package, or by folder of what belongs to no package; the largest first. */
  readonly groups: readonly PackageGroup[];
  /** Every entry that would go in. */
  readonly list: readonly PreviewEntry[];
}

/** A package, or a folder of what belongs to no package. */
export interface PackageGroup {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

/** What `envpack list --json` prints, an entry a line. */
export interface ListJson {
  readonly entries: readonly Entry[];
}

/** What a command prints with `--json` when it could not do its work; the text on stderr says the same. */
export interface ErrorJson {
  readonly error: JsonError;
}

export interface JsonError {
  /** See docs/errors.md; "INTERNAL" is a fault of envpack itself. */
  readonly code: ErrorCode | "INTERNAL";
  /** One line, without a full stop. */
  readonly message: string;
  /** The file, folder or entry at fault; null where there is none. */
  readonly path: string | null;
  /** What can be done about it; null where nothing general can be said. */
  readonly hint: string | null;
}

/** What each command prints with `--json`, by its name on the command line. Each stands beside `schemaVersion`. */
export interface JsonShapes {
  readonly pack: PackJson;
  readonly "pack --dry-run": DryRunJson;
  readonly unpack: UnpackResult & Timed;
  readonly list: ListJson;
  readonly info: Info;
  readonly verify: VerifyResult;
  readonly licenses: LicensesResult;
  readonly prove: ProveResult;
  readonly diff: DiffResult;
  readonly doctor: DoctorResult;
  readonly layer: LayerResult & Timed;
  readonly relocate: RelocateResult;
  readonly "deliver yarn": DeliverYarnResult & Timed;
  readonly "deliver yarn --print": YarnDeliveryPlan & Timed;
  readonly "deliver registry": DeliverRegistryResult & Timed;
  readonly "deliver slurm": DeliverSlurmResult;
  readonly "parcel-manifest": ParcelManifestResult;
  readonly cache: Omit<CacheListing, "entries"> & { readonly entries: readonly CacheEntryJson[] };
  readonly "cache clean": Omit<CleanResult, "removed" | "kept"> & {
    readonly removed: readonly CacheEntryJson[];
    readonly kept: readonly CacheEntryJson[];
  };
  readonly error: ErrorJson;
}

/** Something in the cache; when it was last used as ISO 8601 has it. */
type CacheEntryJson = Omit<CacheEntry, "lastUse"> & { readonly lastUse: string };
