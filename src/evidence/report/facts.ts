import type { FileKind } from "./kinds.js";

/** What part a package, or a group of files, plays in an environment. */
export type Role = "runtime" | "project" | "direct" | "indirect" | "tool";

/** Something that files belong to: a package, the runtime, the project's own files, what envpack put in. */
export interface Owner {
  readonly name: string;
  readonly version: string | null;
  /** Arcpath of its folder; null: it has none of its own. */
  readonly path: string | null;
  readonly role: Role;
  readonly bytes: number;
  readonly files: number;
  /** The largest first. */
  readonly kinds: readonly KindSize[];
  /** Its largest files, or all where there are few; paths relative to its folder. */
  readonly largest: readonly FileSize[];
  /** As its package.json says it. */
  readonly license: string | null;
  /** Places in the list of owners of those that ask for it; ENVIRONMENT for the environment itself. */
  readonly dependents: readonly number[];
  /** The next on a shortest way to the environment; ENVIRONMENT, or null where nothing that is packed asks for it. */
  readonly parent: number | null;
  /** SHA-256 over paths and contents, wherever its folder lies: tells whether two hold the same. */
  readonly digest: string;
}

/** Stands for the environment among dependents and parents. */
export const ENVIRONMENT = -1;

export interface KindSize {
  readonly kind: FileKind;
  readonly bytes: number;
  readonly files: number;
}

export interface FileSize {
  readonly path: string;
  readonly bytes: number;
}

/** A native file that is packed, by its own header. */
export interface NativeFact {
  readonly path: string;
  /** A place in the list of owners. */
  readonly owner: number;
  readonly os: string | null;
  readonly arch: string | null;
  readonly libc: string | null;
  readonly glibc: string | null;
  /** "napi", or a NODE_MODULE_VERSION. */
  readonly abi: string | null;
  readonly needed: readonly string[];
}

/** A package with its licence, those inside of npm as well. */
export interface LicenseFact {
  readonly name: string;
  readonly version: string | null;
  readonly license: string | null;
  readonly kind: "spdx" | "unclear" | "missing";
  /** Whether a file with its text is packed. */
  readonly hasText: boolean;
}

/** What was tried of an archive, by the proof beside it. */
export interface ProofFact {
  readonly conditions: string;
  readonly sandbox: string;
  readonly hidden: readonly string[];
  readonly visible: readonly string[];
  readonly trials: readonly { readonly kind: string; readonly name: string; readonly outcome: string; readonly detail: string }[];
}

/** What lies beside an archive and tells about it. */
export interface BesideFact {
  readonly kind: string;
  /** A file's name. */
  readonly file: string;
  readonly fits: boolean;
  /** In one line. */
  readonly says: string;
  readonly signedBy: string | null;
}

/** All that is told of one environment. Names in it are from outside, and as they are. */
export interface SideFacts {
  readonly name: string;
  readonly version: string | null;
  readonly kind: string;
  /** The archive's or folder's name. */
  readonly file: string;
  readonly platform: string;
  readonly runtime: string | null;
  readonly manager: string | null;
  readonly createdBy: string;
  readonly format: string;
  /** The digest of all entries. */
  readonly digest: string;
  readonly signature: string | null;
  readonly bytes: number;
  readonly archiveBytes: number | null;
  readonly files: number;
  readonly links: number;
  readonly folders: number;
  /** The largest first. */
  readonly owners: readonly Owner[];
  readonly natives: readonly NativeFact[];
  readonly licenses: readonly LicenseFact[];
  readonly relocation: { readonly relative: number; readonly broughtIn: number; readonly dropped: number };
  /** Files that name the place where it was packed. */
  readonly fixups: readonly { readonly path: string; readonly kind: string; readonly places: number }[];
  readonly omitted: readonly string[];
  readonly includedSecrets: readonly string[];
  readonly beside: readonly BesideFact[];
  readonly proof: readonly ProofFact[];
  /** What could not be read, in a line each. */
  readonly notes: readonly string[];
}
