import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { EnvpackError, explainError } from "../errors.js";
import { damaged, type Codec, type Unit } from "./codec/codec.js";
import { loadCodec } from "./codec/load.js";
import type { FileEntry } from "./entry.js";
import { chainCrc32, type Footer } from "./footer.js";
import { CODECS } from "./format.js";
import { FRAME_MAX } from "./frame.js";
import { decodeHeader } from "./header.js";
import type { ArchiveIndex, IndexFrame } from "./index-file.js";
import type { FrameRecord } from "./index-lines.js";
import { IndexReader } from "./index-reader.js";
import { sealedLength, unsealFooter } from "./seal.js";
import { requireSignature, type SignatureRule } from "./signing/rule.js";
import { sniffCodec, SNIFF_BYTES } from "./sniff.js";
import { checkTree } from "./tree.js";
import { walkFrame } from "./walk.js";

/** An archive on the disk, of which the footer and the index were read and checked. */
export interface ArchiveFile {
  readonly index: ArchiveIndex;
  readonly indexSha256: string;
  readonly footer: Footer;
  readonly codec: Codec;
  /** The bytes of a frame as they stand in the archive; they are not checked. */
  readFrame(frame: FrameRecord): Promise<Buffer<ArrayBuffer>>;
  /** The index file, piece by piece. */
  readIndex(): AsyncGenerator<Buffer>;
  /**
   * The content of one file, checked against its digest.
   *
   * @param limit bytes; a larger file is refused with ARCHIVE_LIMIT
   */
  readFile(arcpath: string, limit: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens an archive, reads its footer and its index, nothing else, and checks the tree that they tell.
 *
 * @param rule the signature that it must bear; it is looked at before anything is decompressed
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_TOO_NEW, SIGNATURE_INVALID, IO …
 */
export async function openArchive(path: string, rule?: SignatureRule): Promise<ArchiveFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    return await openHandle(handle, rule);
  } catch (error) {
    await handle?.close();
    const explained = explainError(error, "cannot read the archive", path);
    throw explained instanceof EnvpackError ? nameArchive(explained, path) : explained;
  }
}

/** A refusal that names no entry is told of the archive itself. */
export function nameArchive(error: EnvpackError, path: string): EnvpackError {
  if (error.path !== undefined) return error;
  return new EnvpackError(error.code, error.message, { path, hint: error.hint, cause: error.cause });
}

async function openHandle(handle: FileHandle, rule: SignatureRule | undefined): Promise<ArchiveFile> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new EnvpackError("NOT_AN_ARCHIVE", "not a file");
  const codec = await loadCodec(sniffCodec(await readAt(handle, 0, Math.min(SNIFF_BYTES, stat.size))));
  const footer = await readFooter(handle, stat.size, codec);
  if (rule !== undefined) requireSignature(footer, rule);
  const readIndex = (): AsyncGenerator<Buffer> => readIndexFile(handle, codec, footer, new IndexReader());
  const reader = new IndexReader();
  for await (const _ of readIndexFile(handle, codec, footer, reader));
  const { index, sha256, bytes } = reader.finish();
  const last = index.frames.at(-1);
  if (sha256 !== footer.indexSha256 || bytes !== footer.indexBytes) throw damaged("its index is not the one that its footer names");
  if (CODECS[index.format] !== codec.name || (last === undefined ? 0 : last.at + last.size) !== footer.indexAt) {
    throw damaged("its index is not that of this archive");
  }
  checkTree(index.entries);
  const file: ArchiveFile = {
    index,
    indexSha256: sha256,
    footer,
    codec,
    readFrame: (frame) => readAt(handle, frame.at, frame.size),
    readIndex,
    readFile: (arcpath, limit) => readEntry(file, arcpath, limit),
    close: () => handle.close(),
  };
  return file;
}

async function readFooter(handle: FileHandle, size: number, codec: Codec): Promise<Footer> {
  const sealed = sealedLength(codec);
  const tail = await readAt(handle, Math.max(0, size - sealed), Math.min(size, sealed));
  const footer = unsealFooter(tail, codec);
  // Nothing may lie between the frames and it.
  if (footer.indexAt + footer.indexSize + sealed !== size) throw damaged("its end is not where its footer says");
  return footer;
}

/** Reads the frames of the index through `reader`, and gives the index file's bytes. */
async function* readIndexFile(handle: FileHandle, codec: Codec, footer: Footer, reader: IndexReader): AsyncGenerator<Buffer> {
  let tar = 0;
  let crc = 0;
  for await (const unit of readUnits(handle, codec, footer)) {
    crc = chainCrc32(crc, crc32(unit));
    const { plain, part } = codec.decode(unit);
    if (part !== null && part !== tar > 0) throw damaged("its index is cut wrongly");
    yield reader.push(plain);
    tar += plain.length;
  }
  if (tar !== footer.indexTar || crc !== footer.indexCrc32) throw damaged("its index is not the one that its footer names");
}

/** The frames of the index, found without their sizes being written down anywhere. */
async function* readUnits(handle: FileHandle, codec: Codec, { indexAt, indexSize }: Footer): AsyncGenerator<Buffer> {
  const end = indexAt + indexSize;
  // A frame that does not compress takes a little more than its content.
  const most = codec.name === "none" ? FRAME_MAX : FRAME_MAX + (FRAME_MAX >>> 6);
  for (let at = indexAt; at < end; ) {
    const bytes = await readAt(handle, at, Math.min(most, end - at));
    const unit = codec.name === "none" ? measureTar(bytes, at === indexAt) : codec.measure(bytes);
    if (unit?.kind !== "frame" || unit.length > bytes.length) throw damaged("its index is cut wrongly");
    yield bytes.subarray(0, unit.length);
    at += unit.length;
  }
}

/** In a plain tar the header of the index is a frame of its own, and the rest is cut at equal lengths. */
function measureTar(bytes: Buffer, first: boolean): Unit {
  return { kind: "frame", length: first ? (decodeHeader(bytes, 0)?.length ?? bytes.length) : bytes.length };
}

async function readEntry(file: ArchiveFile, arcpath: string, limit: number): Promise<Uint8Array> {
  const { frames, entries } = file.index;
  const position = entries.findIndex((entry) => entry.path === arcpath);
  const entry = entries[position];
  if (entry?.type === "hardlink") return readEntry(file, entry.target, limit);
  if (entry?.type !== "file") throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no such file", { path: arcpath });
  if (entry.size > limit) throw new EnvpackError("ARCHIVE_LIMIT", "a file is larger than it may be", { path: arcpath });
  const start = frames.findIndex((frame) => position < frame.first + frame.count);
  const pieces: Buffer[] = [];
  let missing = entry.size;
  for (const frame of frames.slice(start)) {
    const plain = await readPlain(file, frame);
    const piece = frame.count === 0 ? plain.subarray(0, missing) : findBody(plain, file.index, entry);
    pieces.push(piece);
    missing -= piece.length;
    if (missing === 0) break;
  }
  const content = Buffer.concat(pieces);
  if (createHash("sha256").update(content).digest("hex") !== entry.sha256) {
    throw new EnvpackError("DIGEST_MISMATCH", "a file's content is not what the index says", { path: arcpath });
  }
  return content;
}

async function readPlain(file: ArchiveFile, frame: IndexFrame): Promise<Buffer> {
  const bytes = await file.readFrame(frame);
  const { plain } = file.codec.decode(bytes);
  if (crc32(bytes) !== frame.crc32 || plain.length !== frame.tar) throw damaged("a frame is not the one that the index lists");
  return plain;
}

function findBody(plain: Buffer, index: ArchiveIndex, { path }: FileEntry): Buffer {
  for (const { entry, body } of walkFrame(plain, index)) if (entry.path === path) return body;
  throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no such file where its index says", { path });
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer<ArrayBuffer>> {
  // Never more than a frame and a bit; what an index claims was checked before.
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, at + done);
    if (bytesRead === 0) throw damaged("it is cut off");
    done += bytesRead;
  }
  return buffer;
}
