import { damaged } from "../codec/codec.js";
import type { Directory } from "../container/container.js";
import type { Entry } from "../entry.js";
import { tarName } from "../tar/entry-header.js";
import { timeOfFile } from "../entry-times.js";
import { encodeFooter, type Footer } from "../footer.js";
import type { ArchiveIndex, IndexFrame } from "../index/index-file.js";
import type { ByteSource } from "../byte-source.js";
import { encodeEnd, footerExtra } from "./end.js";
import {
  descriptorBytes,
  encodeCentral,
  encodeDescriptor,
  encodeLocal,
  readCentral,
  DEFLATED,
  STORED,
  type ZipEntry,
  type ZipKind,
} from "./headers.js";

/** Bytes of the directory that are read at a time. */
const CHUNK = 1 << 20;

/** A zip's directory, of which every record was compared with the index. */
export class ZipDirectory implements Directory {
  readonly #source: ByteSource;
  readonly #at: number;
  /** Where the records of each frame's entries begin in the directory; the last number is where the index's own does. */
  readonly #starts: Float64Array;

  constructor(source: ByteSource, at: number, starts: Float64Array) {
    this.#source = source;
    this.#at = at;
    this.#starts = starts;
  }

  /** The records of the entries that begin in a frame. */
  async records(frame: number): Promise<Buffer<ArrayBuffer>> {
    const from = this.#starts[frame] ?? 0;
    return this.#source.read(this.#at + from, (this.#starts[frame + 1] ?? from) - from);
  }
}

/** Where a directory stands, and what ends the archive. */
export interface DirectoryPlace {
  readonly footer: Footer;
  /** Bytes behind the directory. */
  readonly endBytes: number;
}

/**
 * Reads a directory through. Each record must be the one encoding of what the index lists, at the place
 * that follows from those before; only checksum, method and packed bytes are its own, and they must add up
 * to the index's frames. So two entries cannot share bytes, none is hidden, and the archive ends behind it.
 *
 * @param own the index's own entry
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export async function readDirectory(
  source: ByteSource,
  index: ArchiveIndex,
  own: ZipEntry,
  { footer, endBytes }: DirectoryPlace,
): Promise<ZipDirectory> {
  const { size } = source;
  const at = footer.indexAt + footer.indexSize;
  const window = new Window(source, at, size - endBytes);
  const starts = new Float64Array(index.frames.length + 1);
  for (const [number, frame] of index.frames.entries()) {
    starts[number] = window.taken;
    if (frame.count > 0) await checkFrame(source, window, index, number);
  }
  starts[index.frames.length] = window.taken;
  const last = encodeCentral(own, footer.indexAt, footerExtra(encodeFooter(footer, footer.signature)));
  if (!(await window.take(last.length)).equals(last) || window.left > 0) throw contradicts();
  const end = encodeEnd(index.entries.length + 1, at, size - endBytes - at);
  if (!end.equals(await source.read(size - endBytes, endBytes))) throw damaged("its end is not that of its directory");
  return new ZipDirectory(source, at, starts);
}

async function checkFrame(source: ByteSource, window: Window, index: ArchiveIndex, number: number): Promise<void> {
  const frame = index.frames[number] as IndexFrame;
  const pieces = piecesFrom(index.frames, number);
  const end = pieces.reduce((sum, { size }) => sum + size, frame.at);
  let at = frame.at;
  for (const listed of index.entries.slice(frame.first, frame.first + frame.count)) {
    const known = describe(listed, index, pieces.length > 1);
    const record = await window.take(encodeCentral(known, at).length);
    const entry: ZipEntry = { ...known, ...readCentral(record, known) };
    if (entry.packed > end - at || !encodeCentral(entry, at).equals(record) || !adds(entry)) throw contradicts(listed.path);
    at += encodeLocal(entry).length + entry.packed;
    if (entry.open) at = await checkDescriptor(source, entry, at);
  }
  if (at !== end) throw contradicts(index.entries[frame.first]?.path);
}

async function checkDescriptor(source: ByteSource, entry: ZipEntry, at: number): Promise<number> {
  const length = descriptorBytes(entry.size);
  if (!(await source.read(at, length)).equals(encodeDescriptor(entry))) throw contradicts(entry.name);
  return at + length;
}

/** A frame and those that go on with its file. */
function piecesFrom(frames: readonly IndexFrame[], number: number): readonly IndexFrame[] {
  let end = number + 1;
  while (frames[end]?.count === 0) end++;
  return frames.slice(number, end);
}

/** What the index tells of an entry's record. */
function describe(entry: Entry, index: ArchiveIndex, open: boolean): ZipEntry {
  const name = tarName(entry.path, index.arcroot);
  const common = { mtime: index.mtime, method: STORED, crc32: 0, packed: 0, open } as const;
  switch (entry.type) {
    case "directory":
      return { ...common, name: `${name}/`, kind: "d", size: 0 };
    case "symlink":
      return { ...common, name, kind: "s", size: Buffer.byteLength(entry.target) };
    case "file":
      return {
        ...common,
        name,
        mtime: timeOfFile(index, entry.sha256),
        kind: (entry.executable ? "x" : "f") satisfies ZipKind,
        size: entry.size,
      };
    case "hardlink":
      throw damaged("a zip holds a hard link", undefined, entry.path);
  }
}

function adds({ method, packed, size, open }: ZipEntry): boolean {
  if (open) return method === DEFLATED;
  return method === STORED ? packed === size : method === DEFLATED && packed < size;
}

function contradicts(path?: string): Error {
  return damaged("its directory is not that of its index", undefined, path);
}

/** The directory's bytes in order. */
class Window {
  readonly #source: ByteSource;
  readonly #from: number;
  readonly #to: number;
  #buffer = Buffer.alloc(0);
  #read: number;

  constructor(source: ByteSource, from: number, to: number) {
    this.#source = source;
    this.#from = from;
    this.#to = to;
    this.#read = from;
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#read - this.#from - this.#buffer.length;
  }

  get left(): number {
    return this.#to - this.#read + this.#buffer.length;
  }

  async take(length: number): Promise<Buffer> {
    if (length > this.left) throw contradicts();
    while (this.#buffer.length < length) {
      const more = await this.#source.read(this.#read, Math.min(CHUNK, this.#to - this.#read));
      this.#read += more.length;
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}
