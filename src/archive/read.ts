import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { EnvpackError, explainError } from "../errors.js";
import { damaged, type Codec, type Unit } from "./codec/codec.js";
import { loadCodec } from "./codec/load.js";
import { META, type FileEntry } from "./entry.js";
import { chainCrc32, type Footer } from "./footer.js";
import { CODECS } from "./format.js";
import { FRAME_MAX } from "./frame.js";
import { decodeHeader } from "./header.js";
import type { ArchiveIndex, IndexFrame } from "./index-file.js";
import type { FrameRecord } from "./index-lines.js";
import { IndexReader, readIndexAgain, type IndexSink } from "./index-reader.js";
import { exceeds, indexBounds, type Promised } from "./promise.js";
import { sealedLength, unsealFooter } from "./seal.js";
import { readAt } from "./read-at.js";
import { requireSignature, type SignatureRule } from "./signing/rule.js";
import { sniffCodec, SNIFF_BYTES } from "./sniff.js";
import { splitStream } from "./split-stream.js";
import { readStart, type ArchiveStart } from "./start.js";
import { checkTree } from "./tree.js";
import { walkFrame } from "./walk.js";
import { readDirectory, type ZipDirectory } from "./zip/directory.js";
import type { ZipEntry } from "./zip/headers.js";
import { readZipFooter, readZipIndex, readZipStart } from "./zip/read.js";

/** Bytes that are read at a time to find the frames of the manifest. */
const CHUNK = 256 << 10;

/** An archive on the disk, of which the footer, the manifest and the index were read and checked. */
export interface ArchiveFile {
  readonly start: ArchiveStart;
  readonly promised: Promised;
  readonly index: ArchiveIndex;
  readonly indexSha256: string;
  readonly footer: Footer;
  readonly codec: Codec;
  /** Of a zip. */
  readonly directory: ZipDirectory | null;
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

export interface OpenOptions {
  /** The signature that it must bear; it is looked at before anything is decompressed. */
  readonly signature?: SignatureRule;
  /**
   * Called with the manifest before anything more is decoded; what it throws ends the reading. It gives
   * the totals to hold the archive to.
   */
  readonly onManifest: (bytes: Uint8Array) => Promised | Promise<Promised>;
}

/**
 * Opens an archive, reads its footer, its manifest and its index, nothing else, and checks the tree that
 * they tell.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_LIMIT, ARCHIVE_TOO_NEW,
 *   SIGNATURE_INVALID, IO … and what `onManifest` throws
 */
export async function openArchive(path: string, options: OpenOptions): Promise<ArchiveFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    return await openHandle(handle, options);
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

export interface ArchiveEnds {
  readonly codec: Codec;
  readonly footer: Footer;
  /** Bytes of the archive. */
  readonly size: number;
  /** Of a zip: the bytes behind its directory. */
  readonly endBytes: number;
}

/** What an archive's first and last bytes tell: nothing is decompressed. */
export async function readEnds(handle: FileHandle): Promise<ArchiveEnds> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new EnvpackError("NOT_AN_ARCHIVE", "not a file");
  const codec = await loadCodec(sniffCodec(await readAt(handle, 0, Math.min(SNIFF_BYTES, stat.size))));
  if (codec.name === "zip") return { codec, size: stat.size, ...(await readZipFooter(handle, stat.size)) };
  return { codec, size: stat.size, footer: await readFooter(handle, stat.size, codec), endBytes: 0 };
}

async function openHandle(handle: FileHandle, { signature, onManifest }: OpenOptions): Promise<ArchiveFile> {
  const ends = await readEnds(handle);
  const { codec, footer } = ends;
  const isZip = codec.name === "zip";
  if (signature !== undefined) requireSignature(footer, signature);
  const start = isZip ? await readZipStart(handle, footer) : (await readStart(codec, readFrames(handle, codec, footer))).start;
  const promised = await onManifest(start.manifest);
  let own: ZipEntry | null = null;
  const readIndexThrough = (reader: IndexSink): AsyncGenerator<Buffer> =>
    isZip ? readZipIndex(handle, footer, reader, (entry) => (own = entry)) : readIndexFile(handle, codec, footer, reader);
  const { index, indexSha256 } = await checkIndex(readIndexThrough, codec, footer, promised);
  checkManifest(start.manifest, index);
  const directory = own === null ? null : await readDirectory(handle, index, own, ends);
  const file: ArchiveFile = {
    start,
    promised,
    index,
    indexSha256,
    footer,
    codec,
    directory,
    readFrame: (frame) => readAt(handle, frame.at, frame.size),
    readIndex: () => readIndexAgain(readIndexThrough, promised, indexSha256),
    readFile: (arcpath, limit) => readEntry(file, arcpath, limit),
    close: () => handle.close(),
  };
  return file;
}

/** The frames from the archive's start, without the index, which is not known yet. */
async function* readFrames(handle: FileHandle, codec: Codec, { indexAt }: Footer): AsyncGenerator<{ readonly bytes: Buffer }> {
  if (codec.name === "none") {
    // Where its frames end depends on what stands behind the manifest, which may be damaged: not needed here.
    const folder = decodeHeader(await readAt(handle, 0, Math.min(FRAME_MAX, indexAt)), 0)?.length ?? 0;
    for await (const bytes of readRange(handle, 0, folder, FRAME_MAX)) yield { bytes };
    for await (const bytes of readRange(handle, folder, indexAt, FRAME_MAX)) yield { bytes };
    return;
  }
  for await (const unit of splitStream(Buffer.alloc(0), readRange(handle, 0, indexAt, CHUNK), codec)) if (unit.kind === "frame") yield unit;
}

async function* readRange(handle: FileHandle, from: number, to: number, chunk: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += chunk) yield await readAt(handle, at, Math.min(chunk, to - at));
}

async function checkIndex(readIndex: (reader: IndexSink) => AsyncGenerator<Buffer>, codec: Codec, footer: Footer, promised: Promised): Promise<{ readonly index: ArchiveIndex; readonly indexSha256: string }> {
  if (footer.indexBytes > indexBounds(promised).size) throw exceeds();
  const reader = new IndexReader(promised);
  for await (const _ of readIndex(reader));
  const { index, sha256, bytes } = reader.finish();
  const last = index.frames.at(-1);
  if (sha256 !== footer.indexSha256 || bytes !== footer.indexBytes) throw damaged("its index is not the one that its footer names");
  if (CODECS[index.format] !== codec.name || (last === undefined ? 0 : last.at + last.size) !== footer.indexAt) {
    throw damaged("its index is not that of this archive");
  }
  checkTree(index.entries);
  return { index, indexSha256: sha256 };
}

/** What was believed before the index was read must be what the index vouches for. */
function checkManifest(manifest: Uint8Array, { entries }: ArchiveIndex): void {
  const entry = entries.find(({ path }) => path === META.manifest);
  if (entry?.type !== "file") throw new EnvpackError("ARCHIVE_CORRUPT", "the archive's index does not list its manifest");
  if (createHash("sha256").update(manifest).digest("hex") === entry.sha256) return;
  throw new EnvpackError("DIGEST_MISMATCH", "a file's content is not what the index says", { path: META.manifest });
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
async function* readIndexFile(handle: FileHandle, codec: Codec, footer: Footer, reader: IndexSink): AsyncGenerator<Buffer> {
  let tar = 0;
  let crc = 0;
  for await (const unit of readUnits(handle, codec, footer)) {
    crc = chainCrc32(crc, crc32(unit));
    const { plain, part } = codec.decode(unit);
    if (plain.length === 0 || (part !== null && part !== tar > 0)) throw damaged("its index is cut wrongly");
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
