import type { TarShape } from "./tar/entry-header.js";

/** Whole seconds between two times: FAT, and a zip's own field, count in steps of two. */
const STEP = 2;
/** Of the digest's first 32 bits so many are dropped, which leaves 34 years of steps. */
const DROPPED_BITS = 3;

/** The latest time that a file gets lies so many seconds behind the time that the archive's folders get. */
export const LATEST = STEP * (1 + (0xffffffff >>> DROPPED_BITS));

/**
 * The time that a file has in an archive, in seconds since 1970. Where it follows content it is never that
 * of the folders, so that the first file of an archive tells which of both is the case.
 *
 * @param sha256 of the file's content, in hex
 */
export function timeOfFile({ mtime, times }: Pick<TarShape, "mtime" | "times">, sha256: string): number {
  if (times !== "content") return mtime;
  return mtime + STEP * (1 + (Number.parseInt(sha256.slice(0, 8), 16) >>> DROPPED_BITS));
}
