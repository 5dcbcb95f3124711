import { crc32 } from "node:zlib";
import { FRAME_MAX } from "../frame.js";
import { BLOCK } from "../tar/header-fields.js";
import { asBuffer, damaged, type Codec, type Unit } from "./codec.js";
import { askVersion, pipeThrough, type Program } from "./program.js";

/*
 * Each frame is an xz stream (The .xz File Format 1.2.1, tukaani.org) of one block, made by the program xz: any xz
 * reads streams behind each other as one. A part has a stream before it that holds nothing. The footer is a stream
 * whose content is a tar's block behind its end mark, which tar does not read.
 */
const PROGRAM: Program = { name: "xz", from: "xz-utils or xz", format: "tar.xz" };
const DEFAULT_LEVEL = 6;
const MAGIC = Buffer.from("fd377a585a00", "hex");
/** Stream flags: a CRC-32 behind each block. */
const FLAGS = Buffer.from([0, 1]);
const HEADER = 12;
const FOOTER = 12;
const CHECK = 4;
/** LZMA2 alone, with a dictionary that holds a frame. */
const BLOCK_HEADER = withCrc(Buffer.from([2, 0, 0x21, 1, 0x16, 0, 0, 0]));
const PART_MARK = makeStream(null);
const FRAME_LIMIT = 2 * FRAME_MAX;

export async function loadXz(): Promise<Codec> {
  return { ...xz, recipe: askVersion(PROGRAM) };
}

const xz: Codec = {
  name: "xz",
  levels: [0, DEFAULT_LEVEL, 9],
  recipe: "",
  encode(plain, level, part) {
    const frame = pipeThrough(PROGRAM, ["-z", "-c", "-q", "-T1", "--format=xz", "--check=crc32", `-${level ?? DEFAULT_LEVEL}`], plain);
    return part ? Buffer.concat([PART_MARK, frame]) : frame;
  },
  decode(bytes) {
    const frame = asBuffer(bytes);
    const unit = measure(frame);
    if (unit?.kind !== "frame" || unit.length !== frame.length) throw damaged("an xz stream has a wrong length");
    const part = startsAsPart(frame);
    return {
      plain: pipeThrough(PROGRAM, ["-d", "-c", "-q", "-T1", "--format=xz"], part ? frame.subarray(PART_MARK.length) : frame, FRAME_MAX),
      part,
    };
  },
  // The program gives nothing of a block whose checksum is wrong.
  salvage: (frame) => ({ plain: Buffer.alloc(0), part: startsAsPart(asBuffer(frame)) }),
  stream: {
    start: new Uint8Array(),
    wrapFooter(payload) {
      const block = Buffer.alloc(BLOCK);
      block.set(payload);
      return makeStream(block);
    },
    endsWithSum: false,
    readTarSum: () => null,
    measure,
  },
};

function withCrc(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, sum]);
}

function startsAsPart(bytes: Buffer): boolean {
  return bytes.length > PART_MARK.length && bytes.compare(PART_MARK, 0, PART_MARK.length, 0, PART_MARK.length) === 0;
}

/** A stream of one block that is not compressed, and no longer than 64 KiB; of none for null. */
function makeStream(content: Buffer | null): Buffer {
  const blocks: Buffer[] = [];
  let records = Buffer.from([0]);
  if (content !== null) {
    const chunk = Buffer.from([1, 0, 0]);
    chunk.writeUInt16BE(content.length - 1, 1);
    const packed = Buffer.concat([BLOCK_HEADER, chunk, content, Buffer.from([0])]);
    const sum = Buffer.alloc(CHECK);
    sum.writeUInt32LE(crc32(content));
    blocks.push(packed, Buffer.alloc(padding(packed.length)), sum);
    records = Buffer.concat([Buffer.from([1]), vli(packed.length + CHECK), vli(content.length)]);
  }
  const index = withCrc(Buffer.concat([Buffer.from([0]), records, Buffer.alloc(padding(1 + records.length))]));
  const tail = Buffer.alloc(6);
  tail.writeUInt32LE(index.length / 4 - 1);
  tail.set(FLAGS, 4);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(tail));
  return Buffer.concat([MAGIC, withCrc(FLAGS), ...blocks, index, sum, tail, Buffer.from("YZ")]);
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

/** A number of seven bits a byte, the lowest first. */
function vli(value: number): Buffer {
  return Buffer.from(value < 128 ? [value] : [(value & 127) | 128, value >>> 7]);
}

/** The frame or footer at the start of `bytes`, by the headers of its LZMA2 chunks; null where more bytes are needed to tell. */
function measure(given: Uint8Array): Unit | null {
  const bytes = asBuffer(given);
  const start = startsAsPart(bytes) ? PART_MARK.length : 0;
  if (bytes.length < start + HEADER + 1) return null;
  if (bytes.indexOf(MAGIC, start) !== start) throw damaged("an xz stream does not begin where it should");
  const size = bytes[start + HEADER] ?? 0;
  // The mark of a part that is not all there yet.
  if (size === 0) return bytes.length < PART_MARK.length + HEADER + 1 ? null : fail();
  let at = start + HEADER + (size + 1) * 4;
  const first = at;
  for (;;) {
    const chunk = chunkLength(bytes, at);
    if (chunk === null) return null;
    at += chunk;
    if (chunk === 1) break;
    if (at - start > FRAME_LIMIT) throw damaged("an xz stream is too long");
  }
  at += padding(at - start) + CHECK;
  const end = endOfIndex(bytes, at);
  if (end === null) return null;
  // The footer's one chunk is not compressed, and holds a tar's block.
  const isFooter =
    start === 0 &&
    bytes[first] === 1 &&
    bytes.readUInt16BE(first + 1) === BLOCK - 1 &&
    bytes.length >= end &&
    isSealed(bytes.subarray(0, end));
  return { kind: isFooter ? "footer" : "frame", length: end };
}

function isSealed(stream: Buffer): boolean {
  const at = HEADER + BLOCK_HEADER.length + 3;
  return stream.toString("latin1", at, at + 8) === "envpack\0" && stream.equals(makeStream(stream.subarray(at, at + BLOCK)));
}

/** Bytes of the LZMA2 chunk there, 1 of the mark that ends them; null where its header is not there yet. */
function chunkLength(bytes: Buffer, at: number): number | null {
  const control = bytes[at];
  if (control === undefined) return null;
  if (control === 0) return 1;
  if (control < 0x80 && control > 2) return fail();
  if (bytes.length < at + 6) return null;
  if (control < 0x80) return 3 + bytes.readUInt16BE(at + 1) + 1;
  return 5 + (control >= 0xc0 ? 1 : 0) + bytes.readUInt16BE(at + 3) + 1;
}

/** Where the stream ends whose index begins there; an index of one block has 16 bytes or 20. */
function endOfIndex(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 2) return null;
  if (bytes[at] !== 0 || bytes[at + 1] !== 1) return fail();
  let end = at + 2;
  for (let numbers = 0; numbers < 2; end++) {
    const byte = bytes[end];
    if (byte === undefined) return null;
    if (byte < 128) numbers++;
    if (end - at > 20) return fail();
  }
  end += padding(end - at) + 4 + FOOTER;
  return bytes.length < end ? null : end;
}

function fail(): never {
  throw damaged("an xz stream is not one of ours");
}
