import { META } from "../entry.js";
import { entryOf, shapeOf, type HeadedEntry, type TarShape } from "./entry-header.js";
import { damaged } from "../codec/codec.js";
import { decodeHeader, type DecodedHeader } from "./header.js";
import { BLOCK, END_MARK, paddedSize } from "./header-fields.js";

const ZEROS = new Uint8Array(BLOCK);

/** An entry found in a frame, with what the frame holds of its body. */
export interface WalkedEntry {
  readonly entry: HeadedEntry;
  readonly body: Buffer;
  /** Whether the body goes on in the next frame. */
  readonly open: boolean;
}

/**
 * Walks through the entries of a frame that begins with a header. Each header must be the one encoding
 * of what it says, padding must be zero, and nothing may stand between or behind. A body that is cut
 * off by the frame's end is given as far as it goes; that of the index with all that is behind it.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_UNSAFE
 */
export function* walkFrame(tar: Buffer, shape: TarShape): Generator<WalkedEntry> {
  for (let at = 0; at < tar.length;) {
    const { header, length } = headerAt(tar, at);
    const entry = entryOf(header, shape);
    const start = at + length;
    if (entry.type === "file" && entry.path === META.index) {
      if (at !== 0 || entry.executable) throw damaged("its index stands where it should not");
      yield { entry, body: tar.subarray(start), open: true };
      return;
    }
    const size = entry.type === "file" ? entry.size : 0;
    const end = start + paddedSize(size);
    const open = end > tar.length;
    // A body that goes on must fill the frame, and be alone in it: only large files do.
    if (open && at !== 0) throw damaged("a frame ends inside of an entry", undefined, entry.path);
    if (!open && !isZero(tar, start + size, end)) throw damaged("padding is not empty", undefined, entry.path);
    yield { entry, body: tar.subarray(start, Math.min(start + size, tar.length)), open };
    at = end;
  }
}

/** What all headers share, from the first header of the first frame. */
export function readShape(tar: Buffer): TarShape {
  return shapeOf(headerAt(tar, 0).header);
}

/** Checks what stands behind the index: its padding and the end mark, and nothing more. */
export function isIndexEnd(rest: Buffer, indexBytes: number): boolean {
  return rest.length === paddedSize(indexBytes) - indexBytes + END_MARK && isZero(rest, 0, rest.length);
}

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  if (to - from <= BLOCK) return from >= to || bytes.compare(ZEROS, 0, to - from, from, to) === 0;
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

function headerAt(tar: Buffer, at: number): DecodedHeader {
  const decoded = decodeHeader(tar, at);
  if (decoded === null) throw damaged("a frame ends inside of a header");
  return decoded;
}
