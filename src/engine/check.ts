import type { ArchiveInput } from "./input.js";
import { readThrough, type ReadOptions, type ReadResult } from "./read-through.js";

/**
 * Checks all of an archive, every header, body and digest, and writes nothing.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_…, DIGEST_MISMATCH, INTERRUPTED … and what `onManifest` throws
 */
export async function checkArchive(input: ArchiveInput, options: ReadOptions): Promise<ReadResult> {
  return readThrough(input, { folder: null }, options);
}
