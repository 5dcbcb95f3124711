import type { Entry } from "../../archive/entry.js";
import { META } from "../../archive/entry.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import { EnvpackError } from "../../support/errors.js";
import { MAX_MANIFEST, MAX_FIXUPS, MAX_INDEX_BYTES } from "../../support/limits.js";
import { applyPatch, makePatch } from "./line-patch.js";

/** Where a layer keeps what makes the records of the new environment out of its base's. */
export const LAYER = {
  folder: `${META.folder}/layer`,
  manifest: `${META.folder}/layer/manifest.patch`,
  fixups: `${META.folder}/layer/fixups.patch`,
  index: `${META.folder}/layer/index.patch`,
} as const;

/** The records of an environment, as bytes; of the base, `index` is not needed: its entries are. */
export interface Records {
  readonly manifest: Uint8Array;
  readonly fixups: Uint8Array;
}

/** The patches, by their arcpaths. The index is one of the base's entry lines, which are the same in every archive of it. */
export function makePatches(
  base: Records & { readonly entries: readonly Entry[] },
  next: Records & { readonly index: Uint8Array },
): Map<string, Uint8Array> {
  const patch = (old: readonly string[], wanted: Uint8Array): Uint8Array => Buffer.from(makePatch(old, linesOf(wanted)));
  return new Map([
    [LAYER.manifest, patch(linesOf(base.manifest), next.manifest)],
    [LAYER.fixups, patch(linesOf(base.fixups), next.fixups)],
    [LAYER.index, patch(entryLines(base.entries), next.index)],
  ]);
}

/**
 * The records of the new environment. Whether they are the right ones is for the caller to see by their digests.
 *
 * @param readPatch gives a patch by its arcpath
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function applyPatches(
  base: Records & { readonly entries: readonly Entry[] },
  readPatch: (arcpath: string) => Promise<Uint8Array>,
): Promise<Records & { readonly index: Uint8Array }> {
  const apply = async (old: readonly string[], arcpath: string, limit: number): Promise<Uint8Array> => {
    try {
      return bytesOf(applyPatch(old, Buffer.from(await readPatch(arcpath)).toString("utf8"), limit));
    } catch (error) {
      if (error instanceof EnvpackError) throw new EnvpackError(error.code, error.message, { path: arcpath, cause: error });
      throw error;
    }
  };
  return {
    manifest: await apply(linesOf(base.manifest), LAYER.manifest, MAX_MANIFEST),
    fixups: await apply(linesOf(base.fixups), LAYER.fixups, MAX_FIXUPS),
    index: await apply(entryLines(base.entries), LAYER.index, MAX_INDEX_BYTES),
  };
}

function entryLines(entries: readonly Entry[]): string[] {
  return entries.map((entry) => encodeEntry(entry).slice(0, -1));
}

/** All records end in a newline, or are empty. */
function linesOf(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").split("\n");
  lines.pop();
  return lines;
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}
