import type { PackFormat } from "../../archive/formats.js";
import type { Unfit } from "../../relocate/apply.js";
import type { Manifest } from "../../manifest/manifest.js";
import type { Beside } from "./beside.js";
import type { LeftOut, SlimReport } from "../../plan/plan.js";
import type { Notice } from "../../support/progress.js";
import type { Residual } from "../../portable/residual.js";
import type { PackedImage } from "../image/pack-image.js";
import type { TraceReport } from "./trace.js";
import type { PackedRuntime, PrepareOptions } from "./prepare.js";

export interface PackOptions extends PrepareOptions {
  /** With `trace`: proves it before it is written, and brings back what the proof misses. */
  readonly proveTrace?: boolean;
  /** With `proveTrace`: where the first script has to answer, as `listen` of `prove`. */
  readonly listen?: string | readonly string[];
  /**
   * An earlier archive: what has not changed since is taken from it as it is. By default the output that is
   * replaced; false for none, and then nothing is remembered for next time either.
   */
  readonly reuse?: string | false;
  /** The codec's own compression level. */
  readonly level?: number;
  /** The file of a private Ed25519 key to sign the archive with: the signature goes into its last bytes. */
  readonly sign?: string;
  /** The same, but the signature becomes a file of its own, `<output>.sig`, and the archive's bytes stay as they are. */
  readonly detachSign?: string;
  /** Writes the archive's SHA-256 beside it, `<output>.sha256`, as `sha256sum -c` takes it. */
  readonly checksum?: boolean;
  /** Writes what it was made from, and how, beside the archive, `<output>.provenance.json`, signed by the same key (SLSA v1). */
  readonly provenance?: boolean;
  /** The time that every entry gets, in seconds since 1970. By default SOURCE_DATE_EPOCH; else a file's follows from its content. */
  readonly mtime?: number;
}

export interface PackResult {
  readonly manifest: Manifest;
  /** Null with `--node none`. */
  readonly runtime: PackedRuntime | null;
  readonly format: PackFormat;
  /** Absolute; null for a stream. */
  readonly output: string | null;
  /** Entries and bytes of content in the archive, and the archive's own bytes; of a folder those that it would have as a .tar. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly archiveBytes: number;
  /** Bytes of content that were taken from an earlier archive. */
  readonly reusedBytes: number;
  /** SHA-256 of the archive, in hex; of a folder that of the .tar that would hold the same; of a container image that of its manifest or index. */
  readonly sha256: string;
  /** Fingerprints of the keys that it was signed with, as `ssh-keygen -l` shows them: in it, and beside it. */
  readonly signedBy: { readonly archive: string | null; readonly beside: string | null };
  /** What was written beside the archive. */
  readonly beside: Beside & { readonly provenance: string | null };
  /** Files that name the environment's old place, which `unpack` and `relocate` rewrite; in a folder they were rewritten. */
  readonly fixups: number;
  /** Of a folder: places that could not be rewritten and name the old place still. */
  readonly unfit: readonly Unfit[];
  /** Files that name a folder of this machine that did not go in: its user's home, a package store, a global prefix. */
  readonly residuals: readonly Residual[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
  /** Of a container image: its layers, and where it was pushed; null of all else. */
  readonly image: PackedImage | null;
  /** What was left out as not needed to run; null: nothing was asked for. */
  readonly slim: SlimReport | null;
  /** What was traced, and why each file of a package is in; null: nothing was. */
  readonly trace: TraceReport | null;
}
