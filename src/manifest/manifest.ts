/** The version of the archive format that this envpack writes, and the newest that it reads. */
export const MANIFEST_VERSION = 1;

/**
 * `.envpack/manifest.json`: what an archive is. It is the archive's first file, so that a stream is
 * understood before anything is written. It holds nothing of the packer: no home, user, host or time.
 */
export interface Manifest {
  readonly formatVersion: number;
  /** "envpack 0.1.0" */
  readonly createdBy: string;
  readonly name: string;
  readonly version: string | null;
  readonly kind: "project" | "prefix" | "conda";
  readonly platform: Platform;
  /** null: packed with `--node none`; the worker's own node runs it. */
  readonly runtime: RuntimeRecord | null;
  readonly manager: ManagerRecord | null;
  /**
   * The folders, as arcpaths, from which scripts outside the environment resolve bare imports, in their
   * order: "app" of a project, "lib" of a prefix, one for each `pnpm add -g`.
   */
  readonly resolveFrom: readonly string[];
  /** Sorted by path. */
  readonly packages: readonly PackageRecord[];
  /** Names in `bin/` that belong to the environment's packages, sorted. */
  readonly bins: readonly string[];
  /** An upper bound on what a reader has to be ready for; the index holds the exact figures. */
  readonly totals: { readonly entries: number; readonly bytes: number };
  readonly relocation: RelocationSummary;
  /**
   * Kinds of dependencies that were left out on purpose. What else was left out is told to who packs
   * and not here: it comes and goes in a tree that is otherwise the same.
   */
  readonly omitted: readonly "dev"[];
  /** Arcpaths that `--include-secret` named. */
  readonly includedSecrets: readonly string[];
  /** Of a layer: what it was made for and what it makes. Absent of an environment. */
  readonly layer?: LayerRecord;
  /** What was left out of installed packages as not needed to run. Absent: nothing was. */
  readonly slim?: SlimRecord;
}

/** An environment that holds less than what was installed. */
export interface SlimRecord {
  /** By which rules: "safe" leaves out what no program loads. */
  readonly grade: "safe" | null;
  /** Files that were left out, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Where files of packages were left out that no entry leads to. Absent: none were. */
  readonly trace?: TraceRecord;
}

/** What a traced environment is for. */
export interface TraceRecord {
  /** The scripts that it was traced from, relative to the project's folder. */
  readonly entries: readonly string[];
  /** How many recorded runs were added. */
  readonly records: number;
  /** Whether it was proved to run before it was written. */
  readonly proved: boolean;
}

/** A layer holds what one environment has and another, its base, has not. */
export interface LayerRecord {
  readonly base: { readonly name: string; readonly version: string | null; readonly digest: string };
  /** SHA-256 in hex over the index lines of all entries of what it makes; the base's `digest` is of the base's. */
  readonly digest: string;
  /** SHA-256 in hex of the index file of what it makes. */
  readonly index: string;
  /** Files that come with it, and paths of the base that go. */
  readonly files: number;
  readonly removed: number;
}

export interface Platform {
  /** As `process.platform`. */
  readonly os: string;
  /** As `process.arch`. */
  readonly arch: string;
  readonly libc: "glibc" | "musl" | null;
  /** The highest GLIBC_x.y symbol version that the runtime and the addons need, as "2.28". */
  readonly glibc: string | null;
}

export interface RuntimeRecord {
  readonly name: "node";
  /** "20.20.2" */
  readonly version: string;
  /** NODE_MODULE_VERSION, as "115". */
  readonly abi: string;
  /** Highest Node-API version, as "9". */
  readonly napi: string;
  /** Whether scripts outside the environment can `import` its packages, or `require` them only. */
  readonly hook: "import" | "require";
}

export interface ManagerRecord {
  readonly name: "npm" | "pnpm" | "yarn" | "bun" | "deno";
  readonly version: string | null;
}

export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  /** Arcpath of the package's folder. */
  readonly path: string;
}

/** How many places were made relocatable, by action. */
export interface RelocationSummary {
  /** Links, shims and scripts rewritten so that they work from anywhere. */
  readonly relative: number;
  /** Links and cache entries from outside the root whose targets were brought in. */
  readonly broughtIn: number;
  /** Leftovers of builds and managers' notes of where they installed; not caches, which come and go. */
  readonly dropped: number;
}
