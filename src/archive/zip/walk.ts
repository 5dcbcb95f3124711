import { damaged } from "../codec/codec.js";
import { decodeLocal, encodeCentral, isLocalHeader, readCentral, type ZipEntry } from "./headers.js";

/** An empty stored block of deflate (three bits of a header, padding, a length of 0), with which later pieces of a file begin. */
export const EMPTY_BLOCK = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** An entry as it stands in a frame; of an open one, what the frame holds of it. */
export interface WalkedZipEntry {
  readonly entry: ZipEntry;
  /** Where its local header begins in the frame. */
  readonly at: number;
  readonly content: Buffer;
}

/**
 * Walks through the entries of a frame that begins with a local header. Nothing may stand between them
 * or behind; one that goes on in the next frames stands alone.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function* walkZip(frame: Buffer): Generator<WalkedZipEntry> {
  for (let at = 0; at < frame.length;) {
    const { entry, length } = decodeLocal(frame, at);
    const start = at + length;
    const end = entry.open ? frame.length : start + entry.packed;
    if (end > frame.length || (entry.open && at !== 0)) throw damaged("a frame ends inside of an entry", undefined, entry.name);
    yield { entry, at, content: frame.subarray(start, end) };
    at = end;
  }
}

/** Whether a frame goes on with a file that an earlier one began. */
export function isZipPart(frame: Buffer): boolean {
  return !isLocalHeader(frame);
}

/**
 * The directory's records for the whole entries of a frame, as their local headers tell them.
 *
 * @param frameAt where the frame stands in the archive
 */
export function recordsOf(frame: Buffer, frameAt: number): readonly Buffer[] {
  return Array.from(walkZip(frame), ({ entry, at }) => encodeCentral(entry, frameAt + at));
}

/**
 * Compares what a frame's local headers say with the directory's records of its entries, which were
 * compared with the index before.
 *
 * @returns of a file that goes on in the next frames, the CRC-32 that the directory has of all of it; else null
 * @throws EnvpackError ARCHIVE_CORRUPT naming the first entry that differs
 */
export function compareRecords(frame: Buffer, frameAt: number, records: Buffer): number | null {
  let from = 0;
  let crc: number | null = null;
  for (const { entry, at } of walkZip(frame)) {
    const listed = records.subarray(from);
    const length = encodeCentral(entry, frameAt + at).length;
    const known = entry.open && listed.length >= length ? { ...entry, ...readCentral(listed, entry) } : entry;
    const record = encodeCentral(known, frameAt + at);
    if (!listed.subarray(0, record.length).equals(record))
      throw damaged("a local header is not that of its directory", undefined, entry.name);
    if (entry.open) crc = known.crc32;
    from += record.length;
  }
  if (from !== records.length) throw damaged("its directory lists an entry that is not there");
  return crc;
}
