import type { SignatureRule } from "../archive/signing/rule.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Unfit } from "../relocate/apply.js";
import type { CommonOptions } from "../support/options.js";
import type { ReplaceOptions } from "./replaceable.js";

/** Something that should be gone and could not be removed: the work itself is done. */
export interface LeftBehind {
  readonly path: string;
  /** One line. */
  readonly reason: string;
}

export interface RestoreOptions extends CommonOptions, ReplaceOptions {
  /** Replaces an environment of envpack's at the target, as `assertReplaceable` has it. */
  readonly force?: boolean;
  /** Restores an environment that this machine cannot run. */
  readonly forcePlatform?: boolean;
  /** Restores these arcpaths only, with the folders above and envpack's own records. */
  readonly only?: (arcpath: string) => boolean;
  /** The signature that the archive must bear. */
  readonly signature?: SignatureRule;
  /** Refuses an archive by what its manifest says, before anything is written. */
  readonly accept?: (manifest: Manifest) => void;
  /** Of a layer: the environment that it was made for. */
  readonly onto?: string;
  /** Makes unchanged files hard links of those of the environment at `onto`, where the system allows it. */
  readonly link?: boolean;
}

export interface RestoreResult {
  /** Absolute; the folders above have their links resolved. */
  readonly target: string;
  readonly manifest: Manifest;
  readonly entries: number;
  /** Of content that was written. */
  readonly bytes: number;
  /** Files in which the environment's old place was replaced by the new one. */
  readonly relocated: number;
  /** Places that still name the old one. */
  readonly unfit: readonly Unfit[];
  /** Of a layer: files that were taken from its base, and how many of them as hard links. */
  readonly reused: { readonly files: number; readonly linked: number };
  readonly left: readonly LeftBehind[];
}
