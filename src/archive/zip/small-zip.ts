import { inflateRawSync } from "node:zlib";

/*
 * Archives of packages, such as those of Yarn's cache, in which package.json files, commands and licences are looked
 * up: not envpack's own zips, which are read strictly. Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3.7, 4.3.12
 * and 4.3.16.
 */
const END = 0x06054b50;
const END_BYTES = 22;
/** Bytes of the longest comment behind the end record. */
const LONGEST_COMMENT = 0xffff;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** Bytes of a file, and of the directory: what says that it is larger is no package's text. */
const LARGEST = 64 << 20;

/** Where the bytes of a zip are read. */
export interface ZipSource {
  /** Bytes of the whole. */
  readonly size: number;
  /** The bytes from an offset on; fewer than asked for at the end. */
  readonly read: (at: number, length: number) => Buffer;
}

/** What a zip is refused for; what to do about it is for the one to say who knows where it came from. */
export class DamagedZip extends Error {}

/** The directory's record of a file. */
export interface ZipRecord {
  readonly method: number;
  /** Bytes as they lie in the zip, and as they are restored. */
  readonly packed: number;
  readonly size: number;
  /** Offset of the file's own header. */
  readonly at: number;
}

/** A zip that lies in memory. */
export function zipInMemory(bytes: Buffer): ZipSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/**
 * Reads a zip's directory: the files by name, without the folders. The end record holds the directory's size at 12,
 * its place at 16.
 *
 * @throws DamagedZip
 */
export function readZipDirectory(source: ZipSource): Map<string, ZipRecord> {
  const tailAt = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT);
  const tail = source.read(tailAt, source.size - tailAt);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) throw new DamagedZip("it has no end record");
  const directory = source.read(tail.readUInt32LE(end + 16), Math.min(tail.readUInt32LE(end + 12), LARGEST));
  const records = new Map<string, ZipRecord>();
  for (let at = 0; at + CENTRAL_BYTES <= directory.length && directory.readUInt32LE(at) === CENTRAL;) {
    const lengths = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const name = directory.toString("utf8", at + CENTRAL_BYTES, at + CENTRAL_BYTES + (lengths[0] as number));
    const [packed, size, place] = [20, 24, 42].map((field) => directory.readUInt32LE(at + field)) as [number, number, number];
    if (!name.endsWith("/")) records.set(name, { method: directory.readUInt16LE(at + 10), packed, size, at: place });
    at += CENTRAL_BYTES + lengths.reduce((sum, length) => sum + length, 0);
  }
  return records;
}

/**
 * The content of a file.
 *
 * @throws DamagedZip, also where it is larger than 64 MiB
 */
export function readZipContent(source: ZipSource, { method, packed, size, at }: ZipRecord): Buffer {
  if (size > LARGEST || packed > LARGEST) throw new DamagedZip("a file is too large");
  const local = source.read(at, LOCAL_BYTES);
  if (local.length < LOCAL_BYTES) throw new DamagedZip("it is cut off");
  const body = source.read(at + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28), packed);
  if (method === STORED) return body;
  if (method !== DEFLATED) throw new DamagedZip("a file is packed in a way that is not known");
  try {
    return inflateRawSync(body, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw new DamagedZip("a file is damaged", { cause: error });
  }
}
