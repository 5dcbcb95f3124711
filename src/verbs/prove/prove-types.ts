import type { SignatureOptions } from "../../inspect/signature-files.js";
import type { Platform } from "../../manifest/manifest.js";
import type { Hardships } from "../../evidence/prove/conditions.js";
import type { ProofRun } from "../../evidence/prove/report.js";
import type { SandboxKind } from "../../evidence/prove/sandbox/sandbox.js";
import type { CommonOptions } from "../../support/options.js";

export interface ProveOptions extends CommonOptions, SignatureOptions, Hardships {
  /** An archive, a restored environment, or a project's folder, which is packed first. */
  readonly path: string;
  /** A command to run in the project's folder, in an activated environment; beside those of `envpack.prove` in package.json. */
  readonly command?: readonly string[];
  /** The folder that the environment was packed from, to compare with; by default the project that was named. */
  readonly source?: string;
  /** The script to start, relative to the project's folder; by default what `npm start` starts, or the package's main file. */
  readonly entry?: string;
  /**
   * Where the entry point has to answer: "8080", "8080/health", or a list of such, which all have to. It is told the first
   * port by PORT.
   */
  readonly listen?: string | readonly string[];
  /** Another root file system: a folder, or a tar. */
  readonly like?: string;
  /** The same, from an OCI image layout: a folder, or a tar. */
  readonly image?: string;
  /** Names of engines whose conditions are imposed, one after the other: "yarn", "slurm", "spark", "kubernetes", "air-gapped". */
  readonly as?: readonly string[];
  /** Imposes all of them. */
  readonly all?: boolean;
  /** Seconds that each trial may take; 30 by default. */
  readonly timeout?: number;
  /** The kind of sandbox that it has to be; by default the best that there is. */
  readonly sandbox?: SandboxKind;
  /** Signs what is written beside the archive: the file of an Ed25519 private key. */
  readonly sign?: string;
  /** Writes the outcome beside the archive, as `<archive>.proof.json`; so by default. */
  readonly save?: boolean;
}

export interface ProveResult {
  /** Whether nothing failed that works at the source. */
  readonly ok: boolean;
  /** Of an archive; null: a folder was proved. */
  readonly archive: ProvedArchive | null;
  readonly name: string;
  readonly version: string | null;
  readonly platform: Platform;
  /** The folder that it was compared with; null: none. */
  readonly source: string | null;
  /** The emulator that ran it; null: this machine did. */
  readonly emulator: string | null;
  /** The root file system that was named; null: this machine's. */
  readonly like: string | null;
  /** One for each set of conditions. */
  readonly runs: readonly ProofRun[];
  /** What was written beside the archive, absolute; null: nothing. */
  readonly proof: string | null;
  readonly seconds: number;
}

/** An archive that was proved. */
export interface ProvedArchive {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of the archive and of its index file, in hex. */
  readonly sha256: string;
  readonly indexSha256: string;
}
