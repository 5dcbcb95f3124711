import { join, posix, sep } from "node:path";
import { META, type PlannedEntry } from "../../archive/entry.js";
import { readOwnIndex } from "../../archive/meta-file.js";
import { notRestored } from "../../archive/not-restored.js";
import { finishTree } from "../../engine/read/extract.js";
import { findClonable, type FolderPlace } from "../../engine/sinks/folder-sink.js";
import type { Manifest } from "../../manifest/manifest.js";
import { applyFixups, type Unfit } from "../../relocate/apply.js";
import { placeTree, type PlaceOptions } from "../../restore/place-tree.js";
import { probeFileSystem, refuseFoldedPairs } from "../../restore/probe.js";
import { removeStale } from "../../restore/staging.js";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";

/** A folder that is to be made. */
export interface FolderRequest extends PlaceOptions {
  /** Absolute. */
  readonly path: string;
  /** The folder that is packed, links resolved. */
  readonly source: string;
  /** All but what is known only once these were read. */
  readonly entries: readonly PlannedEntry[];
  readonly manifest: Manifest;
  /** The place that its files name; by default the folder itself. */
  readonly destPrefix: string | undefined;
}

export interface MadeFolder<Written> {
  readonly written: Written;
  /** Absolute; the folders above have their links resolved. */
  readonly path: string;
  /** Places that still name the old one. */
  readonly unfit: readonly Unfit[];
  readonly notices: readonly Notice[];
}

/**
 * Makes a folder that is what `unpack` would make of the archive: all or nothing, in a staging folder first.
 *
 * @param write reads all entries and puts the files of them into the place that it is given, and the index
 * @throws EnvpackError as `placeTree` does, and what `write` throws
 */
export async function packFolder<Written>(
  { path, source, entries, manifest, destPrefix, ...options }: FolderRequest,
  write: (into: FolderPlace) => Promise<Written>,
): Promise<MadeFolder<Written>> {
  const { signal, onProgress } = options;
  const { made, left } = await placeTree(path, "cannot write the folder", options, async (staging, target) => {
    refuseSource(source, target.path);
    refuseFoldedPairs(entries, await probeFileSystem(staging.folder, target.path));
    await removeStale(target, staging);
    const { tree } = staging;
    const written = await write({ folder: tree, clonesFrom: await findClonable(entries, join(staging.folder, "clone")) });
    const own = await readOwnIndex(tree, manifest.totals);
    if (own === null) throw notRestored(tree, META.index);
    const listed = own.index.entries;
    await finishTree(tree, listed, signal);
    const { unfit } = await applyFixups(tree, {
      root: destPrefix === undefined ? target.path : posix.resolve(destPrefix),
      entries: listed,
      signal,
      onProgress,
    });
    return { written, path: target.path, unfit };
  });
  return {
    ...made,
    notices: left.map(({ path: kept, reason }) => ({
      code: "LEFT_BEHIND",
      message: `what should be gone could not be removed (${reason})`,
      path: kept,
    })),
  };
}

/** What is replaced is removed in the end, and the source is to stay. */
function refuseSource(source: string, target: string): void {
  if (source !== target && !source.startsWith(`${target}${sep}`)) return;
  throw new EnvpackError("TARGET_UNSUITABLE", "the target is the folder that is packed, or holds it", {
    path: target,
    hint: "name another folder with -o",
  });
}
