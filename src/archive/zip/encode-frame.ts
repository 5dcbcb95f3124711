import { constants, crc32, deflateRawSync } from "node:zlib";
import { compresses } from "../codec/deflate.js";
import { decodeHeader } from "../tar/header.js";
import { paddedSize, type TarHeader } from "../tar/header-fields.js";
import { DEFLATED, encodeLocal, STORED, type ZipEntry, type ZipKind } from "./headers.js";
import { EMPTY_BLOCK } from "./walk.js";

const GOES_ON = { finishFlush: constants.Z_SYNC_FLUSH };
/** Less than this a deflated body does not come to. */
const SMALLEST = 3;
/** The least that zlib takes as the size of its output's chunks; 16 KiB, which it takes otherwise, is three times what most files need. */
const SMALLEST_CHUNK = 64;

/** A frame of a zip, of the tar bytes of the same frame; the parameters are those of `Codec.encode`. */
export function encodeZipFrame(tar: Buffer, level: number, part: boolean, behind: number | undefined): Uint8Array {
  if (!part) return Buffer.concat([...encodeEntries(tar, level)]);
  const content = tar.subarray(0, tar.length - (behind ?? 0));
  const marks = behind === undefined ? [EMPTY_BLOCK] : [EMPTY_BLOCK, EMPTY_BLOCK];
  return Buffer.concat([...marks, deflate(content, level, behind === undefined)]);
}

function* encodeEntries(tar: Buffer, level: number): Generator<Buffer> {
  for (let at = 0; at < tar.length;) {
    const decoded = decodeHeader(tar, at);
    if (decoded === null) throw new Error("a frame ends inside of a header");
    const { header, length } = decoded;
    const start = at + length;
    const open = header.type === "0" && start + header.size > tar.length;
    const content = header.type === "2" ? Buffer.from(header.linkname) : tar.subarray(start, Math.min(start + header.size, tar.length));
    const packed = open ? deflate(content, level, true) : header.type === "0" ? packWhole(content, level) : content;
    yield encodeLocal(entryOf(header, content, packed, open));
    yield packed;
    at = start + paddedSize(header.size);
  }
}

function entryOf({ type, name, executable, mtime, size }: TarHeader, content: Buffer, packed: Buffer, open: boolean): ZipEntry {
  if (type === "1") throw new Error("a zip holds no hard links");
  const kind: ZipKind = type === "5" ? "d" : type === "2" ? "s" : executable ? "x" : "f";
  const method = open || packed !== content ? DEFLATED : STORED;
  const known = open ? { crc32: 0, packed: 0, size } : { crc32: crc32(content), packed: packed.length, size: content.length };
  return { name: kind === "d" ? `${name}/` : name, kind, mtime, method, open, ...known };
}

/** The content itself where it does not get smaller. */
function packWhole(content: Buffer, level: number): Buffer {
  if (content.length <= SMALLEST || !compresses(content)) return content;
  const packed = deflateRawSync(content, { level, chunkSize: Math.max(SMALLEST_CHUNK, content.length) });
  return packed.length < content.length ? packed : content;
}

function deflate(content: Buffer, level: number, goesOn: boolean): Buffer {
  return deflateRawSync(content, { level: compresses(content) ? level : 0, ...(goesOn ? GOES_ON : {}) });
}
