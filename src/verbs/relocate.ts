import { resolve } from "node:path";
import type { CommonOptions } from "../support/options.js";
import { applyFixups, type Relocated, type Unfit } from "../relocate/apply.js";
import { restoreModes, type RestoredModes } from "../inspect/verify/restore-modes.js";

export type { Unfit };

export interface RelocateOptions extends CommonOptions {
  /** A restored environment. */
  readonly folder: string;
  /** The place to write into its files; by default where it lies now. */
  readonly root?: string;
}

export interface RelocateResult extends Relocated, RestoredModes {}

/**
 * Writes the environment's present place into the files that name its old one, and gives back what a
 * reader of zips dropped: rights to execute, empty folders. Does nothing where all is right already; may
 * be run any number of times, after each move.
 */
export async function relocate({ folder, root, signal, onProgress }: RelocateOptions): Promise<RelocateResult> {
  const given = await restoreModes(resolve(folder), signal);
  const relocated = await applyFixups(resolve(folder), { root: root === undefined ? undefined : resolve(root), signal, onProgress });
  return { ...relocated, ...given };
}
