import type { RestoreOptions, RestoreResult } from "./restore-options.js";
import { META } from "../archive/entry.js";
import { extractOpened } from "../engine/read/extract.js";
import type { ArchiveInput } from "../engine/read/input.js";
import { withInput } from "../engine/read/open-input.js";
import { EnvpackError } from "../support/errors.js";
import { endPhase } from "../support/phases.js";
import { applyFixups, type Relocated } from "../relocate/apply.js";
import { acceptManifest } from "./accept-manifest.js";
import { openBase, refuseLayer } from "./base.js";
import { applyLayer } from "./apply-layer.js";
import { probeFileSystem, refuseFoldedPairs } from "./probe.js";
import { placeTree } from "./place-tree.js";
import { removeStale, type Staging } from "./staging.js";
import type { Target } from "./target.js";

/**
 * Restores an archive to a folder, all or nothing. It is written to a private folder beside the target
 * (or inside one that exists and is empty), checked to the last byte, relocated for its final place,
 * and only then put there; until then the target is as it was. On an error nothing is left behind; what
 * a killed unpacker left is cleared by the next.
 *
 * @throws EnvpackError TARGET_EXISTS, TARGET_BUSY, TARGET_UNSUITABLE, PLATFORM_MISMATCH, NAME_COLLISION,
 *   NO_SPACE, NO_PERMISSION, INTERRUPTED, and what `extractOpened` finds wrong with the archive
 */
export async function restoreArchive(input: ArchiveInput, given: string, options: RestoreOptions = {}): Promise<RestoreResult> {
  const base = options.onto === undefined ? null : await openBase(options.onto);
  const fill = (staging: Staging, target: Target): Promise<RestoreResult> =>
    base === null ? fillStaging(input, staging, target, options) : applyLayer(input, base, staging, target, options);
  const { made, left } = await placeTree(given, "cannot restore", options, fill);
  endPhase("committed");
  return { ...made, left };
}

/** Everything up to the point where the environment could be put in its place. */
async function fillStaging(input: ArchiveInput, staging: Staging, target: Target, options: RestoreOptions): Promise<RestoreResult> {
  const { only, signal, onProgress, signature, threads = 1 } = options;
  const folding = await probeFileSystem(staging.folder, target.path);
  const { manifest, extracted } = await withInput(input, { signature, signal }, async (opened) => {
    const accepted = await acceptManifest(opened, options, refuseLayer);
    // Before there is need of the room that it takes, and after the last refusal that reads nothing but the start.
    await removeStale(target, staging);
    const wanted =
      only === undefined ? undefined : (path: string): boolean => path === META.folder || path.startsWith(`${META.folder}/`) || only(path);
    const limits = accepted.manifest.totals;
    return {
      manifest: accepted.manifest,
      extracted: await extractOpened(opened, staging.tree, { threads, limits, only: wanted, signal, onProgress }),
    };
  });
  if (extracted.fixups === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no fix-up records", { path: META.fixups });
  const { entries } = extracted.index;
  refuseFoldedPairs(entries, folding);
  const wanted = only === undefined ? entries : entries.filter(({ path }) => only(path));
  if (wanted.length === 0) throw nothingMatched();
  const relocated: Relocated = await applyFixups(staging.tree, { root: target.path, entries, signal, onProgress });
  return {
    target: target.path,
    manifest,
    entries: wanted.length,
    bytes: wanted.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0),
    relocated: relocated.files,
    unfit: relocated.unfit,
    reused: { files: 0, linked: 0 },
    left: [],
  };
}

function nothingMatched(): EnvpackError {
  return new EnvpackError("USAGE", "--only matches nothing in the archive", {
    hint: "`envpack list ARCHIVE` shows its paths; a pattern with a / begins at the archive's root, as app/node_modules/**",
  });
}
