import type { ArchiveInput } from "./input.js";
import { readThrough } from "./read-through.js";
import type { ReadOptions, ReadResult } from "./read-request.js";
import { withInput } from "./open-input.js";
import type { InputOptions, OpenedInput } from "./source.js";

/**
 * Checks all of an opened archive, every header, body and digest, and writes nothing.
 *
 * @throws EnvpackError ARCHIVE_…, DIGEST_MISMATCH, SIGNATURE_INVALID, INTERRUPTED …
 */
export async function checkOpened(opened: OpenedInput, options: ReadOptions): Promise<ReadResult> {
  return readThrough(opened, { folder: null }, options);
}

/** Opens an archive, checks it as `checkOpened` does, and closes it. */
export async function checkArchive(input: ArchiveInput, options: ReadOptions & InputOptions): Promise<ReadResult> {
  return withInput(input, options, (opened) => checkOpened(opened, options));
}
