import { FRAME_MAX } from "../frame.js";
import { damaged, type Unit } from "./codec.js";

/* Frames as RFC 8878 has them; a skippable frame without content marks the frame after it as a part. */
const MAGIC = 0xfd2fb528;
const MAGIC_PART = 0x184d2a5d;
const MAGIC_FOOTER = 0x184d2a5e;
const SKIPPABLE_HEADER = 8;

/** Most bytes of a window, as `zstd` itself demands of decoders (RFC 8878, 3.1.1.1.2). */
const WINDOW_MAX = 8 << 20;

/** The mark of a frame that goes on with a file. */
export const PART_MARK = skippable(MAGIC_PART, new Uint8Array());

export function wrapFooter(payload: Uint8Array): Buffer {
  return skippable(MAGIC_FOOTER, payload);
}

function skippable(magic: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(SKIPPABLE_HEADER + payload.length);
  frame.writeUInt32LE(magic, 0);
  frame.writeUInt32LE(payload.length, 4);
  frame.set(payload, SKIPPABLE_HEADER);
  return frame;
}

/** The frame or footer at the start of `bytes`; null where more bytes are needed to tell. */
export function measureZstd(bytes: Buffer): Unit | null {
  if (bytes.length < SKIPPABLE_HEADER) return null;
  const magic = bytes.readUInt32LE(0);
  if (magic === MAGIC_FOOTER) {
    const length = bytes.readUInt32LE(4);
    if (length > 4096) throw damaged("its footer is too long");
    return { kind: "footer", length: SKIPPABLE_HEADER + length };
  }
  if (magic === MAGIC_PART && bytes.readUInt32LE(4) !== 0) throw damaged("a skippable frame is not one of ours");
  const start = magic === MAGIC_PART ? SKIPPABLE_HEADER : 0;
  const shape = readShape(bytes, start);
  return shape === null ? null : { kind: "frame", length: shape.end };
}

/** What a frame's header and block headers say. */
export interface ZstdShape {
  /** Whether the mark of a part stands before it. */
  readonly part: boolean;
  /** Where the zstd frame itself starts and ends. */
  readonly start: number;
  readonly end: number;
  /** Bytes of content. */
  readonly plain: number;
}

/** The shape of what must be exactly one frame. */
export function inspectZstd(bytes: Buffer): ZstdShape {
  const part = startsAsPart(bytes);
  const start = part ? PART_MARK.length : 0;
  const shape = readShape(bytes, start);
  if (shape === null || shape.end !== bytes.length) throw damaged("a zstd frame has a wrong length");
  return { part, start, ...shape };
}

/** Whether the mark of a part stands before a frame. */
export function startsAsPart(bytes: Buffer): boolean {
  return bytes.length > PART_MARK.length && bytes.compare(PART_MARK, 0, PART_MARK.length, 0, PART_MARK.length) === 0;
}

function readShape(bytes: Buffer, start: number): { readonly end: number; readonly plain: number } | null {
  if (bytes.length < start + 14) return null;
  if (bytes.readUInt32LE(start) !== MAGIC) throw damaged("a zstd frame does not begin where it should");
  const descriptor = bytes.readUInt8(start + 4);
  const single = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x18) !== 0 || (descriptor & 0x03) !== 0) throw damaged("a zstd frame asks for a dictionary or a newer format");
  let at = start + 5;
  if (!single) {
    const window = bytes.readUInt8(at++);
    const base = 2 ** (10 + (window >>> 3));
    if (base + (base / 8) * (window & 7) > WINDOW_MAX) throw damaged("a zstd frame asks for too large a window");
  }
  const width = [single ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  const plain = readContentSize(bytes, at, width);
  at += width;
  for (let last = false; !last;) {
    if (bytes.length < at + 3) return null;
    const block = bytes.readUIntLE(at, 3);
    last = (block & 1) === 1;
    const type = (block >>> 1) & 3;
    if (type === 3) throw damaged("a zstd block is of an unknown kind");
    at += 3 + (type === 1 ? 1 : block >>> 3);
    if (at - start > 2 * FRAME_MAX) throw damaged("a zstd frame is too long");
  }
  const end = at + ((descriptor & 0x04) === 0 ? 0 : 4);
  return bytes.length < end ? null : { end, plain };
}

function readContentSize(bytes: Buffer, at: number, width: number): number {
  if (width === 0) throw damaged("a zstd frame does not say its size");
  const size = width === 8 ? Number(bytes.readBigUInt64LE(at)) : width === 2 ? bytes.readUInt16LE(at) + 256 : bytes.readUIntLE(at, width);
  if (size > FRAME_MAX) throw damaged("a zstd frame holds too much");
  return size;
}
