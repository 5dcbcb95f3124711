import { resolve } from "node:path";
import type { CommonOptions } from "./options.js";
import { applyFixups, type Relocated, type Unfit } from "./relocate/apply.js";

export type { Unfit };

export interface RelocateOptions extends CommonOptions {
  /** A restored environment. */
  readonly folder: string;
  /** The place to write into its files; by default where it lies now. */
  readonly root?: string;
}

export type RelocateResult = Relocated;

/**
 * Writes the environment's present place into the files that name its old one. Does nothing where
 * nothing is recorded or all is right already; may be run any number of times, after each move.
 */
export async function relocate({ folder, root, signal, onProgress }: RelocateOptions): Promise<RelocateResult> {
  return applyFixups(resolve(folder), { root: root === undefined ? undefined : resolve(root), signal, onProgress });
}
