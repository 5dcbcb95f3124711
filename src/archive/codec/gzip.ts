import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { FOOTER_BYTES } from "../footer.js";
import { FRAME_MAX } from "../frame.js";
import { release } from "../release.js";
import { asBuffer, damaged, decodeLongest, type Codec, type DecodedFrame, type TarSum, type Unit } from "./codec.js";
import { compresses } from "./deflate.js";
import { memberHeader, wrapFooterMember } from "./gzip-members.js";

/*
 * One gzip member (RFC 1952), for readers that stop after the first: its header, whose extra field has the
 * empty subfield "EM"; the frames, each a piece of its deflate stream (RFC 1951) that can be inflated alone;
 * an empty last block, the CRC-32 and the length of all. The footer is an empty member behind it.
 *
 * A piece begins with five empty stored blocks, which hold nothing, and ends with one, as a full flush leaves
 * it. Between such a block's three bits and its length, five bits pad it to a byte, which every reader
 * skips: those of the five blocks are the piece's length and whether it is a part, so that a stream can
 * be cut without inflating it.
 */
const START = memberHeader("EM", new Uint8Array());
/** Behind a stored block's three bits and their padding: a length of 0, and its complement. */
const NO_LENGTH = Buffer.from([0, 0, 0xff, 0xff]);
const MARK_BLOCKS = 5;
const BLOCK = 1 + NO_LENGTH.length;
const MARK = MARK_BLOCKS * BLOCK;
const PADDING_BITS = 5;
/** The empty last block, of fixed codes. */
const LAST_BLOCK = Buffer.from([3, 0]);
const TRAILER = LAST_BLOCK.length + 8;
const FOOTER = wrapFooterMember(new Uint8Array(FOOTER_BYTES)).length;

/** A third less time than level 6 takes, for 1.5 % more bytes. */
const DEFAULT_LEVEL = 5;

/** At least what any frame can become: asked for at once, it spares zlib a copy. What is not written to takes no memory. */
const OUTPUT_MAX = FRAME_MAX + (FRAME_MAX >>> 8) + 1024;

export const gzip: Codec = {
  name: "gzip",
  levels: [0, DEFAULT_LEVEL, 9],
  recipe: `zlib ${process.versions.zlib}`,
  encode(plain, level, part) {
    const options = { level: compresses(plain) ? (level ?? DEFAULT_LEVEL) : 0, chunkSize: OUTPUT_MAX, finishFlush: constants.Z_FULL_FLUSH };
    const body = deflateRawSync(plain, options);
    const frame = Buffer.allocUnsafeSlow(MARK + body.length);
    writeMark(frame, part);
    frame.set(body, MARK);
    release(body);
    return frame;
  },
  decode(bytes) {
    const frame = asBuffer(bytes);
    const { at, part } = findPiece(frame);
    if (!frame.subarray(-NO_LENGTH.length).equals(NO_LENGTH)) throw damaged("a piece of the gzip member is not flushed");
    // With the last block behind it, a piece is a whole stream: it must neither end before, nor go on behind.
    const whole = Buffer.concat([frame.subarray(at + MARK), LAST_BLOCK]);
    try {
      const { buffer, engine } = inflate(whole);
      if (engine.bytesWritten !== whole.length) throw damaged("a piece of the gzip member ends before its end");
      return { plain: buffer, part };
    } catch (error) {
      throw damaged("a piece of the gzip member cannot be inflated", error);
    } finally {
      release(whole);
    }
  },
  salvage,
  stream: {
    start: START,
    endsWithSum: true,
    wrapFooter: (payload, tar) => Buffer.concat([endMember(tar), wrapFooterMember(payload)]),
    end: endMember,
    readTarSum: (wrapped) =>
      wrapped.length < TRAILER
        ? null
        : { crc32: wrapped.readUInt32LE(LAST_BLOCK.length), bytes: wrapped.readUInt32LE(LAST_BLOCK.length + 4) },
    measure,
  },
};

/** The end of the member: an empty last block, the CRC-32 and the length of all. */
function endMember({ crc32, bytes }: TarSum): Buffer {
  const trailer = Buffer.alloc(TRAILER);
  trailer.set(LAST_BLOCK);
  trailer.writeUInt32LE(crc32, LAST_BLOCK.length);
  trailer.writeUInt32LE(bytes % 2 ** 32, LAST_BLOCK.length + 4);
  return trailer;
}

/**
 * With the `info` option Node also gives the engine, which knows how much it consumed. The most that a piece can hold is asked for at
 * once, as for compressing: what zlib fills step by step is copied together, and the steps wait for the garbage collector.
 */
function inflate(whole: Buffer): { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } } {
  const options = { info: true, maxOutputLength: FRAME_MAX, chunkSize: FRAME_MAX + 64 };
  return inflateRawSync(whole, options) as unknown as ReturnType<typeof inflate>;
}

function salvage(bytes: Uint8Array): DecodedFrame {
  const frame = asBuffer(bytes);
  const at = startsMember(frame) ? START.length : 0;
  const options = { maxOutputLength: FRAME_MAX, finishFlush: constants.Z_SYNC_FLUSH };
  const plain = decodeLongest(frame.subarray(at + MARK), (prefix) => inflateRawSync(prefix, options));
  return { plain, part: ((frame[at] ?? 0) & 8) !== 0 };
}

function writeMark(frame: Buffer, part: boolean): void {
  let bits = frame.length * 2 + (part ? 1 : 0);
  for (let at = 0; at < MARK; at += BLOCK, bits = Math.floor(bits / 2 ** PADDING_BITS)) {
    frame[at] = (bits % 2 ** PADDING_BITS) << 3;
    frame.set(NO_LENGTH, at + 1);
  }
}

/** What the mark at a piece's start says; null where it is not all there. */
function readMark(bytes: Buffer, start: number): { readonly length: number; readonly part: boolean } | null {
  const mark = bytes.subarray(start, start + MARK);
  let bits = 0;
  for (let at = 0; at < mark.length; at += BLOCK) {
    const first = mark[at] ?? 0;
    const rest = mark.subarray(at + 1, at + BLOCK);
    if ((first & 7) !== 0 || !rest.equals(NO_LENGTH.subarray(0, rest.length)))
      throw damaged("a piece of the gzip member is not one of ours");
    bits += (first >>> 3) * 2 ** ((PADDING_BITS * at) / BLOCK);
  }
  if (mark.length < MARK) return null;
  const length = Math.floor(bits / 2);
  if (length < MARK + NO_LENGTH.length || length > OUTPUT_MAX) throw damaged("a piece of the gzip member has a wrong length");
  return { length, part: bits % 2 === 1 };
}

function startsMember(bytes: Buffer): boolean {
  return bytes.length >= START.length && bytes.compare(START, 0, START.length, 0, START.length) === 0;
}

/** Where the piece begins in what must be exactly one frame. */
function findPiece(frame: Buffer): { readonly at: number; readonly part: boolean } {
  const at = startsMember(frame) ? START.length : 0;
  const mark = readMark(frame, at);
  if (mark === null || at + mark.length !== frame.length) throw damaged("a piece of the gzip member has a wrong length");
  return { at, part: mark.part };
}

function measure(given: Uint8Array): Unit | null {
  const bytes = asBuffer(given);
  if (bytes[0] === LAST_BLOCK[0]) return { kind: "footer", length: TRAILER + FOOTER };
  if (bytes[0] === START[0]) {
    if (bytes.length < START.length) return null;
    if (!startsMember(bytes)) throw damaged("a gzip member is not one of ours");
  }
  const at = startsMember(bytes) ? START.length : 0;
  const mark = readMark(bytes, at);
  return mark === null ? null : { kind: "frame", length: at + mark.length };
}
