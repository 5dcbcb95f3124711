import { open, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { EnvpackError, explainError } from "../support/errors.js";
import { damaged, type Decoder, type TarSum } from "./codec/codec.js";
import type { Container, Directory } from "./container/container.js";
import { openContainer } from "./container/open.js";
import { META, type FileEntry } from "./entry.js";
import type { Footer } from "./footer.js";
import { isWrittenBy } from "./formats.js";
import type { ArchiveIndex, IndexFrame } from "./index/index-file.js";
import type { FrameRecord } from "./index/index-lines.js";
import { IndexReader, readIndexAgain, type IndexSink } from "./index/index-reader.js";
import { PartialIndex, type Listed } from "./index/partial-index.js";
import { exceeds, indexBounds, type DeclaredTotals } from "./index/declared-totals.js";
import { sourceOfFile, type ByteSource, type StoredBytes } from "./byte-source.js";
import { requireSignature, type SignatureRule } from "./signing/rule.js";
import type { ArchiveStart } from "./preamble.js";
import type { StubFields } from "./stub/header.js";
import { checkBehindStub, checkStubDigest, skipStub } from "./stub/stub.js";
import { walkFrame } from "./tar/walk.js";
import { sha256Of } from "../support/digest.js";
import { endPhase } from "../support/phases.js";

/** An archive on the disk, of which the footer and the manifest were read: nothing vouches for the latter yet. */
export interface OpenedArchive {
  readonly start: ArchiveStart;
  readonly footer: Footer;
  /** What the script in front of it says; null where the file is the archive. */
  readonly stub: StubFields | null;
  /** Reads all of it for the digest that the script in front of it names. @throws EnvpackError ARCHIVE_CORRUPT */
  checkStub(): Promise<void>;
  /**
   * Begins to read the index, and to check it and the tree that it tells.
   *
   * @param limits what the manifest declares, to hold the archive to
   * @param take is given the index file on the way, piece by piece; it is worth nothing until `file` is there
   */
  readIndex(limits: DeclaredTotals, take?: (content: Buffer) => void): IndexReading;
  /** An error as it is told: a refusal that names no entry is one of the archive itself. */
  explain(error: unknown): unknown;
  close(): Promise<void>;
}

/** An archive on the disk whose index is being read, with turns for the event loop. */
export interface IndexReading {
  readonly decoder: Decoder;
  readonly listed: Listed;
  /** Where the bytes of a frame stand in the file. */
  locateFrame(frame: FrameRecord): StoredBytes;
  /** Settles when the index was read: it fails with ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_LIMIT, DIGEST_MISMATCH, IO … */
  readonly file: Promise<ArchiveFile>;
}

/** An archive on the disk, of which the footer, the manifest and the index were read and checked. */
export interface ArchiveFile {
  readonly start: ArchiveStart;
  readonly limits: DeclaredTotals;
  readonly index: ArchiveIndex;
  readonly indexSha256: string;
  readonly footer: Footer;
  /** As of OpenedArchive. */
  readonly stub: StubFields | null;
  readonly decoder: Decoder;
  /** What the archive's end says of the whole tar, null where it says nothing; and the sum of the index's tar bytes. */
  readonly sums: { readonly whole: TarSum | null; readonly index: TarSum };
  /** What the container says of entries besides their headers. */
  readonly directory: Directory | null;
  /** The bytes of a frame as they stand in the archive; they are not checked. */
  readFrame(frame: FrameRecord): Promise<Buffer<ArrayBuffer>>;
  /** The index file, piece by piece; each is good until the next is asked for. */
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
}

/**
 * Opens an archive, reads its footer and its manifest, and nothing else.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID, IO …
 */
export async function openArchive(path: string, options: OpenOptions = {}): Promise<OpenedArchive> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    return await openHandle(handle, path, options);
  } catch (error) {
    await handle?.close();
    throw explainRead(error, path);
  }
}

function explainRead(error: unknown, path: string): unknown {
  const explained = explainError(error, "cannot read the archive", path);
  return explained instanceof EnvpackError ? nameArchive(explained, path) : explained;
}

/** A refusal that names no entry is told of the archive itself. */
export function nameArchive(error: EnvpackError, path: string): EnvpackError {
  if (error.path !== undefined) return error;
  return new EnvpackError(error.code, error.message, { path, hint: error.hint, cause: error.cause });
}

async function openHandle(handle: FileHandle, path: string, { signature }: OpenOptions): Promise<OpenedArchive> {
  const { source, stub } = await skipStub(await sourceOfFile(handle));
  const container = await openContainer(source);
  const { footer } = container;
  if (signature !== undefined) requireSignature(footer, signature);
  const start = await container.readStart();
  checkBehindStub(stub, { codec: container.decoder.name, arcroot: start.shape.arcroot });
  const close = (): Promise<void> => handle.close();
  const explain = (error: unknown): unknown => explainRead(error, path);
  const readIndex: OpenedArchive["readIndex"] = (limits, take = () => undefined) =>
    beginIndex({ source, stub, container, start, explain, close }, limits, take);
  const checkStub = (): Promise<void> =>
    (stub === null ? Promise.resolve() : checkStubDigest(source, stub)).catch((error: unknown) => {
      throw explain(error);
    });
  return { start, footer, stub, readIndex, checkStub, explain, close };
}

interface Opened extends Pick<OpenedArchive, "start" | "stub" | "explain" | "close"> {
  readonly source: ByteSource;
  readonly container: Container;
}

function beginIndex(opened: Opened, limits: DeclaredTotals, take: (content: Buffer) => void): IndexReading {
  const { source, container, explain } = opened;
  const reader = new IndexReader(limits);
  const listed = new PartialIndex(reader);
  const file = readListed(opened, limits, { reader, listed, take }).then(
    (read) => {
      endPhase("index read");
      listed.end(null);
      return read;
    },
    (error: unknown) => {
      const explained = explain(error);
      listed.end({ error: explained });
      throw explained;
    },
  );
  // Who waits for frames is told as well.
  file.catch(() => undefined);
  return { decoder: container.decoder, listed, locateFrame: (frame) => source.locate(frame.at, frame.size), file };
}

/** What takes an index that is read. */
interface Taking {
  readonly reader: IndexReader;
  readonly listed: PartialIndex;
  readonly take: (content: Buffer) => void;
}

async function readListed({ source, stub, container, start, close }: Opened, limits: DeclaredTotals, taking: Taking): Promise<ArchiveFile> {
  const { decoder, footer, tarSum } = container;
  if (footer.indexBytes > indexBounds(limits).size) throw exceeds();
  const readThrough = (sink: IndexSink): AsyncGenerator<Buffer> => container.readIndex(sink, start.shape);
  for await (const content of readThrough(taking.reader)) await takeContent(content, taking);
  const { index, sha256 } = checkIndex(taking, decoder, footer);
  checkManifest(start.manifest, index);
  const directory = await container.openDirectory(index);
  const file: ArchiveFile = {
    start,
    limits,
    index,
    indexSha256: sha256,
    footer,
    stub,
    decoder,
    sums: { whole: tarSum, index: container.indexSum() },
    directory,
    readFrame: (frame) => source.read(frame.at, frame.size),
    readIndex: () => readIndexAgain(readThrough, limits, sha256),
    readFile: (arcpath, limit) => readEntry(file, arcpath, limit),
    close,
  };
  return file;
}

/** Bytes of an index that are decoded between two turns of the event loop, in which threads get frames to work on. */
const STEP = 256 << 10;

async function takeContent(content: Buffer, { listed, take }: Taking): Promise<void> {
  take(content);
  for (let at = 0; at < content.length; at += STEP) {
    listed.take(content.subarray(at, at + STEP));
    await setImmediate();
  }
}

function checkIndex({ reader, listed }: Taking, decoder: Decoder, footer: Footer): ReturnType<IndexReader["finish"]> {
  const read = reader.finish();
  const last = read.index.frames.at(-1);
  if (read.sha256 !== footer.indexSha256 || read.bytes !== footer.indexBytes)
    throw damaged("its index is not the one that its footer names");
  if (!isWrittenBy(read.index.format, decoder.name) || (last === undefined ? 0 : last.at + last.size) !== footer.indexAt) {
    throw damaged("its index is not that of this archive");
  }
  listed.checkTree();
  return read;
}

/** What was believed before the index was read must be what the index vouches for. */
function checkManifest(manifest: Uint8Array, { entries }: ArchiveIndex): void {
  const entry = entries.find(({ path }) => path === META.manifest);
  if (entry?.type !== "file") throw new EnvpackError("ARCHIVE_CORRUPT", "the archive's index does not list its manifest");
  if (sha256Of(manifest) === entry.sha256) return;
  throw new EnvpackError("DIGEST_MISMATCH", "a file's content is not what the index says", { path: META.manifest });
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
  if (sha256Of(content) !== entry.sha256) {
    throw new EnvpackError("DIGEST_MISMATCH", "a file's content is not what the index says", { path: arcpath });
  }
  return content;
}

/** A frame's tar bytes, checked against what the index says of the frame. */
export async function readPlain(file: ArchiveFile, frame: IndexFrame): Promise<Buffer> {
  const bytes = await file.readFrame(frame);
  const { plain } = file.decoder.decode(bytes);
  if (crc32(bytes) !== frame.crc32 || plain.length !== frame.tar) throw damaged("a frame is not the one that the index lists");
  return plain;
}

function findBody(plain: Buffer, index: ArchiveIndex, { path }: FileEntry): Buffer {
  for (const { entry, body } of walkFrame(plain, index)) if (entry.path === path) return body;
  throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no such file where its index says", { path });
}
