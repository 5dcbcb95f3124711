import { constants, crc32, inflateRawSync } from "node:zlib";
import { FRAME_MAX } from "../frame.js";
import { release } from "../release.js";
import { writeHeader } from "../tar/header.js";
import { headerBound, paddedSize, type TarHeader } from "../tar/header-fields.js";
import { encodeZipFrame } from "./encode-frame.js";
import { descriptorBytes, STORED, type ZipEntry } from "./headers.js";
import { EMPTY_BLOCK, isZipPart, walkZip, type WalkedZipEntry } from "./walk.js";
import { asBuffer, damaged, decodeLongest, type Codec, type DecodedFrame } from "../codec/codec.js";

/*
 * A frame of a zip holds the entries of the same frame of a tar: each header as a zip's local header,
 * each body deflated apart, so that any zip reader takes them one by one. Decoding gives the tar bytes
 * back, and all that knows a tar's frames works on a zip's.
 *
 * Where a file spans frames each frame has a piece of its deflate stream. A later piece begins with
 * an empty stored block, which holds nothing: one where the file goes on, two where it ends.
 */
const GOES_ON = { finishFlush: constants.Z_SYNC_FLUSH };
/** As for gzip. */
const LEVEL = 5;
/** More than a header takes: a name in a zip has 64 KiB at most, and no system has links that lead further. */
const HEADER_MAX = 1 << 20;

export const zip: Codec = {
  name: "zip",
  levels: [0, LEVEL, 9],
  recipe: `zlib ${process.versions.zlib}`,
  encode: (plain, level = LEVEL, part, behind) => encodeZipFrame(asBuffer(plain), level, part, behind),
  decode(bytes) {
    const frame = asBuffer(bytes);
    return isZipPart(frame) ? decodePart(frame) : { plain: decodeEntries(frame, false), part: false };
  },
  salvage(bytes) {
    const frame = asBuffer(bytes);
    if (!isZipPart(frame)) return { plain: decodeEntries(frame, true), part: false };
    return { plain: decodeLongest(frame, (prefix) => inflateRawSync(prefix, { ...GOES_ON, maxOutputLength: FRAME_MAX })), part: true };
  },
  stream: null,
};

/**
 * Each body is copied to its place as soon as it is inflated, and let go: a frame has hundreds.
 *
 * @param lenient gives zeros for a body that is damaged, and ends where a header is: the digests then tell which entry it is
 */
function decodeEntries(frame: Buffer, lenient: boolean): Buffer {
  // What is not written to takes no memory.
  const tar = Buffer.allocUnsafeSlow(FRAME_MAX + HEADER_MAX);
  let at = 0;
  const entries = walkZip(frame);
  for (;;) {
    const next = nextEntry(entries, lenient);
    if (next === null) return tar.subarray(0, at);
    const { entry } = next;
    if (!entry.open && entry.size > FRAME_MAX) throw tooLong(entry);
    const content = unpack(next, lenient);
    const isLink = entry.kind === "s";
    const header = tarHeader(entry, isLink ? content.toString("utf8") : "");
    if (headerBound(header.name, header.linkname, header.size) > HEADER_MAX) throw tooLong(entry);
    const start = at + writeHeader(header, tar, at);
    const end = start + (isLink ? 0 : content.length);
    const padded = entry.open ? end : start + paddedSize(end - start);
    if (padded > FRAME_MAX) throw tooLong(entry);
    if (!isLink) tar.set(content, start);
    tar.fill(0, end, padded);
    // What was not inflated is part of the frame.
    if (content.buffer !== frame.buffer) release(new Uint8Array(content.buffer));
    at = padded;
  }
}

function tooLong({ name }: ZipEntry): Error {
  return damaged("a frame is too long", undefined, name);
}

function nextEntry(entries: Generator<WalkedZipEntry>, lenient: boolean): WalkedZipEntry | null {
  try {
    const next = entries.next();
    return next.done === true ? null : next.value;
  } catch (error) {
    if (lenient) return null;
    throw error;
  }
}

function tarHeader({ name, kind, mtime, size }: ZipEntry, linkname: string): TarHeader {
  const type = kind === "d" ? "5" : kind === "s" ? "2" : "0";
  return { type, name: type === "5" ? name.slice(0, -1) : name, executable: kind === "x", size: type === "0" ? size : 0, linkname, mtime };
}

/** An entry's content, or of an open one the first piece of it. */
function unpack(walked: WalkedZipEntry, lenient: boolean): Buffer {
  const { entry, content } = walked;
  try {
    if (!entry.open) return unpackWhole(walked);
    return content.length === 0 ? content : inflate(content, FRAME_MAX, true);
  } catch (error) {
    if (lenient && !entry.open) return Buffer.alloc(entry.size);
    throw damaged("an entry cannot be inflated", error, entry.name);
  }
}

function unpackWhole({ entry, content }: WalkedZipEntry): Buffer {
  const body = entry.method === STORED ? content : inflate(content, entry.size, false);
  if (entry.kind === "s" && !Buffer.from(body.toString("utf8")).equals(body))
    throw damaged("a link leads to no valid name", undefined, entry.name);
  if (body.length === entry.size && crc32(body) === entry.crc32) return body;
  throw damaged("the checksum of an entry is wrong", undefined, entry.name);
}

/** With the `info` option Node also gives the engine, which knows how much it consumed: all of it. */
function inflate(packed: Buffer, most: number, goesOn: boolean): Buffer {
  const { buffer, rest } = inflateStart(packed, most, goesOn);
  if (rest > 0) throw damaged("a deflated file goes on behind its end");
  return buffer;
}

function inflateStart(packed: Buffer, most: number, goesOn: boolean): { readonly buffer: Buffer; readonly rest: number } {
  const options = {
    info: true,
    maxOutputLength: Math.max(1, most),
    // One more byte of room tells zlib that it is done, without a second chunk. Less would be taken from a buffer that Node shares.
    chunkSize: Math.max(64, Buffer.poolSize, Math.min(most, FRAME_MAX) + 1),
    ...(goesOn ? GOES_ON : {}),
  };
  const { buffer, engine } = inflateRawSync(packed, options) as unknown as { buffer: Buffer; engine: { readonly bytesWritten: number } };
  return { buffer, rest: packed.length - engine.bytesWritten };
}

/** The last piece of a file is followed by its descriptor, which is compared with the directory when the archive is opened. */
function decodePart(frame: Buffer): DecodedFrame {
  const marks = [0, 1].filter((at) => frame.subarray(at * EMPTY_BLOCK.length).indexOf(EMPTY_BLOCK) === 0).length;
  if (marks === 0) throw damaged("a frame begins with nothing that envpack writes");
  try {
    const { buffer, rest } = inflateStart(frame, FRAME_MAX, marks === 1);
    const isDescriptor = rest === descriptorBytes(0) || rest === descriptorBytes(Number.MAX_SAFE_INTEGER);
    if (marks === 1 ? rest > 0 : !isDescriptor) throw damaged("a piece of a file ends where it should not");
    return { plain: marks === 1 ? buffer : pad(buffer), part: true };
  } catch (error) {
    throw damaged("a piece of a file cannot be inflated", error);
  }
}

/** With the padding of a tar behind it, for which what inflating asked for has room. */
function pad(content: Buffer): Buffer {
  const padded = Buffer.from(content.buffer, content.byteOffset, paddedSize(content.length));
  return padded.fill(0, content.length);
}
