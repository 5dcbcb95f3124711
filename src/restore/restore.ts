import { join } from "node:path";
import { META } from "../archive/entry.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { extractArchive, type ExtractResult } from "../engine/extract.js";
import type { ArchiveInput } from "../engine/input.js";
import { EnvpackError, explainError } from "../errors.js";
import { acquireLock } from "../lock.js";
import { decodeManifest } from "../manifest/decode.js";
import { assertRunsHere, readHost } from "../manifest/host.js";
import type { Manifest } from "../manifest/manifest.js";
import type { CommonOptions } from "../options.js";
import { applyFixups, type Relocated, type Unfit } from "../relocate/apply.js";
import { openBase, refuseLayer, type Base } from "./base.js";
import { fillOnto } from "./onto.js";
import { probeFileSystem, refuseFoldedPairs } from "./probe.js";
import { publish } from "./publish.js";
import { removeTree } from "./remove-tree.js";
import { clearStale, makeStaging, type Staging } from "./staging.js";
import { inspectTarget, openTarget, refuseExisting, removeMadeParents, type Target } from "./target.js";

export interface RestoreOptions extends CommonOptions {
  /** Replaces whatever stands at the target. */
  readonly force?: boolean;
  /** Restores an environment that this machine cannot run. */
  readonly forcePlatform?: boolean;
  /** Restores these arcpaths only, with the folders above and envpack's own records. */
  readonly only?: (arcpath: string) => boolean;
  /** The signature that the archive must bear. */
  readonly signature?: SignatureRule;
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
}

/**
 * Restores an archive to a folder, all or nothing. It is written to a private folder beside the target
 * (or inside one that exists and is empty), checked to the last byte, relocated for its final place,
 * and only then put there; until then the target is as it was. On an error nothing is left behind; what
 * a killed unpacker left is cleared by the next.
 *
 * @throws EnvpackError TARGET_EXISTS, TARGET_BUSY, TARGET_UNSUITABLE, PLATFORM_MISMATCH, NAME_COLLISION,
 *   NO_SPACE, NO_PERMISSION, INTERRUPTED, and what `extractArchive` finds wrong with the archive
 */
export async function restoreArchive(input: ArchiveInput, given: string, options: RestoreOptions = {}): Promise<RestoreResult> {
  let target: Target | null = null;
  try {
    const base = options.onto === undefined ? null : await openBase(options.onto);
    target = await openTarget(given, options.force ?? false);
    if (target.isLittered) {
      // Only then can be told what stands there: one that was killed while it moved parts into a folder leaves it empty.
      await whileLocked(target, () => Promise.resolve());
      target = await openTarget(given, options.force ?? false);
    }
    return await whileLocked(target, (locked) => restoreLocked(input, base, locked, options));
  } catch (error) {
    if (target !== null) await removeMadeParents(target);
    throw explainError(error, "cannot restore", target?.path ?? given);
  }
}

/** Holds the target's lock while something is done with it; first clears what killed unpackers left there. */
async function whileLocked<T>(target: Target, work: (target: Target) => Promise<T>): Promise<T> {
  const lock = await acquireLock(join(target.workplace, `${target.prefix}lock`), "another unpacker is at work on this folder", target.path);
  try {
    await clearStale(target);
    return await work(target);
  } finally {
    await lock.release();
  }
}

async function restoreLocked(input: ArchiveInput, base: Base | null, target: Target, options: RestoreOptions): Promise<RestoreResult> {
  const state = await inspectTarget(target.path);
  const free = state === "absent" || (state === "empty" && target.way === "inside") || (options.force === true && target.way === "beside");
  if (!free) throw refuseExisting(target.path);
  const staging = await makeStaging(target);
  try {
    const result = await (base === null ? fillStaging(input, staging, target, options) : fillOnto(input, base, staging, target, options));
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    options.onProgress?.({ stage: "publishing", done: 0, total: 1 });
    await publish(staging, target, options.force ?? false);
    options.onProgress?.({ stage: "publishing", done: 1, total: 1 });
    return result;
  } finally {
    await removeTree(staging.folder);
  }
}

/** Everything up to the point where the environment could be put in its place. */
async function fillStaging(input: ArchiveInput, staging: Staging, target: Target, options: RestoreOptions): Promise<RestoreResult> {
  const { only, signal, onProgress } = options;
  const folding = await probeFileSystem(staging.folder, target.path);
  let manifest: Manifest | null = null;
  const extracted: ExtractResult = await extractArchive(input, staging.tree, {
    threads: options.threads ?? 1,
    only: only === undefined ? undefined : (path) => path === META.folder || path.startsWith(`${META.folder}/`) || only(path),
    signature: options.signature,
    signal,
    onProgress,
    onManifest: async (bytes) => {
      manifest = decodeManifest(bytes);
      refuseLayer(manifest);
      if (options.forcePlatform !== true) assertRunsHere(manifest, await readHost());
      return manifest.totals;
    },
  });
  if (manifest === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no manifest");
  if (extracted.fixups === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no fix-up records", { path: META.fixups });
  const { entries } = extracted.index;
  refuseFoldedPairs(entries, folding);
  const relocated: Relocated = await applyFixups(staging.tree, { root: target.path, entries, signal, onProgress });
  return {
    target: target.path,
    manifest,
    entries: only === undefined ? entries.length : entries.filter(({ path }) => only(path)).length,
    bytes: extracted.bytes,
    relocated: relocated.files,
    unfit: relocated.unfit,
    reused: { files: 0, linked: 0 },
  };
}
