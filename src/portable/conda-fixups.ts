import type { CondaFiles } from "../environment/prefixes/conda.js";
import type { Fixup } from "../manifest/fixup.js";
import type { FileHits } from "../scan/scan.js";

/** Bytes: how long each path that a package is built with is made, so that any prefix fits into its room. */
const SENSIBLE = 4096;

/**
 * Turns hits into fix-ups as conda's records tell: how conda wrote the prefix into a file decides how it
 * is written anew, whatever the content looks like, and the NULs that it left behind the string of a
 * binary are room for a longer one.
 */
export function fixupsOf(hits: readonly FileHits[], conda: CondaFiles | undefined): readonly Fixup[] {
  if (conda === undefined) return hits;
  return hits.map((hit) => {
    const known = conda.get(hit.path);
    if (known === undefined) return hit;
    const spare = known.mode === "binary" ? spareOf(hit, known.placeholderLength) : 0;
    return { path: hit.path, kind: known.mode, places: hit.places, ...(spare > 0 ? { spare } : {}) };
  });
}

/** What a place leaves of the placeholder's room; places of several lengths are not all conda's. */
function spareOf({ places }: FileHits, placeholderLength: number): number {
  const lengths = new Set(places.map(({ length }) => length));
  const [written] = lengths;
  return lengths.size === 1 && written !== undefined ? Math.min(placeholderLength, SENSIBLE) - written : 0;
}
