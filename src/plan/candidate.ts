import type { FileKind } from "../listing/listed-folder.js";

/** Something in a folder of the environment. */
export interface Candidate {
  /** Relative to the environment's folder. */
  readonly path: string;
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly type: FileKind;
  /** The target of a symlink. */
  readonly target: string | null;
  /** The content of a folder. */
  readonly names: () => readonly string[];
}
