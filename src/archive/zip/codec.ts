import { constants, crc32, inflateRawSync } from "node:zlib";
import { FRAME_MAX } from "../frame.js";
import { encodeHeader } from "../tar/header.js";
import { paddedSize, type TarHeader } from "../tar/header-fields.js";
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
const NOTHING = Buffer.alloc(0);

export const zip: Codec = {
  name: "zip",
  levels: [0, LEVEL, 9],
  recipe: `zlib ${process.versions.zlib}`,
  encode: (plain, level = LEVEL, part, behind) => encodeZipFrame(asBuffer(plain), level, part, behind),
  decode(bytes) {
    const frame = asBuffer(bytes);
    return isZipPart(frame) ? decodePart(frame) : { plain: Buffer.concat([...decodeEntries(frame, false)]), part: false };
  },
  salvage(bytes) {
    const frame = asBuffer(bytes);
    if (!isZipPart(frame)) return { plain: Buffer.concat([...decodeEntries(frame, true)]), part: false };
    return { plain: decodeLongest(frame, (prefix) => inflateRawSync(prefix, { ...GOES_ON, maxOutputLength: FRAME_MAX })), part: true };
  },
  stream: null,
};

/** @param lenient gives zeros for a body that is damaged, and ends where a header is: the digests then tell which entry it is */
function* decodeEntries(frame: Buffer, lenient: boolean): Generator<Buffer> {
  let tar = 0;
  const entries = walkZip(frame);
  for (;;) {
    const next = nextEntry(entries, lenient);
    if (next === null) return;
    const { entry } = next;
    if (!entry.open && entry.size > FRAME_MAX) throw damaged("a frame is too long", undefined, entry.name);
    const content = unpack(next, lenient);
    const body = entry.kind === "s" ? NOTHING : content;
    const header = encodeHeader(tarHeader(entry, entry.kind === "s" ? content.toString("utf8") : ""));
    const padding = entry.open ? NOTHING : Buffer.alloc(paddedSize(body.length) - body.length);
    tar += header.length + body.length + padding.length;
    if (tar > FRAME_MAX) throw damaged("a frame is too long", undefined, entry.name);
    yield header;
    yield body;
    yield padding;
  }
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
function unpack({ entry, content }: WalkedZipEntry, lenient: boolean): Buffer {
  if (entry.open) return content.length === 0 ? content : inflate(content, FRAME_MAX, true);
  try {
    const body = entry.method === STORED ? content : inflate(content, entry.size, false);
    const isLink = entry.kind === "s";
    if (isLink && !Buffer.from(body.toString("utf8")).equals(body)) throw damaged("a link leads to no valid name", undefined, entry.name);
    if (body.length === entry.size && crc32(body) === entry.crc32) return body;
    throw damaged("the checksum of an entry is wrong", undefined, entry.name);
  } catch (error) {
    if (lenient) return Buffer.alloc(entry.size);
    throw damaged("an entry cannot be inflated", error, entry.name);
  }
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
    chunkSize: Math.max(64, Math.min(most, FRAME_MAX)),
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
    return { plain: marks === 1 ? buffer : Buffer.concat([buffer, Buffer.alloc(paddedSize(buffer.length) - buffer.length)]), part: true };
  } catch (error) {
    throw damaged("a piece of a file cannot be inflated", error);
  }
}
