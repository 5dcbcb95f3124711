import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { PlannedFile } from "../../archive/entry.js";
import type { EntryColumns } from "./packed-entries.js";
import { readSource } from "./read-source.js";

/** What a large file is told by before it is packed in pieces. */
export interface ContentDigest {
  /** In hex. */
  readonly sha256: string;
  readonly crc32: number;
}

/** A file to be digested: the one that the columns tell of. */
export interface DigestTask {
  readonly kind: "digest";
  readonly columns: EntryColumns;
}

/** Bytes that are read at a time of a file that is digested before it is packed: they stay in a processor's own cache. */
export const DIGEST_CHUNK = 1 << 18;

/** A file's digests, without more of it in memory than a chunk, which goes to the start of `buffer`. */
export function digestContent(entry: PlannedFile, buffer: Buffer): ContentDigest {
  const digest = createHash("sha256");
  let sum = 0;
  for (let at = 0; at < entry.size; at += DIGEST_CHUNK) {
    const chunk = buffer.subarray(0, Math.min(DIGEST_CHUNK, entry.size - at));
    readContent(entry, chunk, 0, at, chunk.length);
    digest.update(chunk);
    sum = crc32(chunk, sum);
  }
  return { sha256: digest.digest("hex"), crc32: sum };
}

/**
 * Reads bytes of a file's content.
 *
 * @param at where they go in `target`
 * @param position where they stand in the file
 * @throws EnvpackError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function readContent({ source }: PlannedFile, target: Buffer, at: number, position: number, length: number): void {
  if (source.kind === "bytes") target.set(source.bytes.subarray(position, position + length), at);
  else readSource(source.file, source.identity, target, at, position, length);
}
