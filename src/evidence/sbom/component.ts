import type { License } from "./license.js";

/** Something that is packed and has a name of its own. */
export interface Component {
  /** "part": built into another one, as OpenSSL is into Node.js. */
  readonly kind: "application" | "package" | "runtime" | "library" | "part";
  /** Tells it from all others: its arcpath; of a part, that of what holds it with "#" and its name. */
  readonly ref: string;
  readonly name: string;
  readonly version: string | null;
  readonly purl: string | null;
  readonly cpe: string | null;
  readonly license: License;
  readonly hashes: readonly ComponentHash[];
  /** Where the package came from, where that is recorded: an address without a user's name and password. */
  readonly source: string | null;
  /** Of a shared library: the name it goes by. */
  readonly soname: string | null;
  /** Whether it is the project's own: the project itself, or a member of its workspace. */
  readonly own: boolean;
  /** Refs, sorted. */
  readonly dependsOn: readonly string[];
}

/** In hex, of what was published of a package, or of a file as it is packed. */
export interface ComponentHash {
  readonly algorithm: "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
  readonly hex: string;
}

/** Fields that most components do not have. */
export const PLAIN = {
  purl: null,
  cpe: null,
  license: { kind: "missing", text: null },
  hashes: [],
  source: null,
  soname: null,
  own: false,
  dependsOn: [],
} as const;
