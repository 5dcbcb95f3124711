import { damaged } from "../codec/codec.js";

/*
 * The records of a zip, as APPNOTE.TXT 6.3.10 (PKWARE) has them: local file header 4.3.7, data
 * descriptor 4.3.9, central directory header 4.3.12. There is just one encoding of each, so that a
 * reader can compare bytes; docs/format.md lists the fields.
 */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const DESCRIPTOR = 0x08074b50;
export const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;

const FLAG_OPEN = 8;
const FLAG_UTF8 = 0x0800;
export const STORED = 0;
export const DEFLATED = 8;

/** Seconds since 1970 that other programs read from the field "UT": it is signed. */
export const MAX_ZIP_MTIME = 0x7fffffff;

/** What does not fit 32 bits stands in the zip64 extra field (4.5.3). */
const MAX32 = 0xffffffff;
/** Files from here on get 64-bit sizes: what does not compress grows a little. */
const ZIP64_FROM = 2 ** 32 - (1 << 24);
const MADE_BY_UNIX = 3 << 8;

/** f and x: a file, executable; d: a folder; s: a symbolic link, whose target is its content. */
export type ZipKind = "f" | "x" | "d" | "s";

/** What the two headers of an entry say. */
export interface ZipEntry {
  /** A folder's ends in a slash. */
  readonly name: string;
  readonly kind: ZipKind;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly method: typeof STORED | typeof DEFLATED;
  readonly crc32: number;
  /** Bytes in the archive, and of content. */
  readonly packed: number;
  readonly size: number;
  /** Whether it spans frames: then its local header knows neither CRC nor bytes, and a descriptor follows the content. */
  readonly open: boolean;
}

/** Whether bytes begin with a local header. */
export function isLocalHeader(bytes: Buffer): boolean {
  return bytes.length >= LOCAL_BYTES && bytes.readUInt32LE(0) === LOCAL;
}

export function encodeLocal(entry: ZipEntry): Buffer {
  const name = Buffer.from(entry.name);
  const extra = Buffer.concat([entry.open && entry.size >= ZIP64_FROM ? zip64([0, 0]) : NOTHING, timeExtra(entry), ownExtra(entry)]);
  const header = Buffer.alloc(LOCAL_BYTES);
  header.writeUInt32LE(LOCAL, 0);
  writeCommon(header, 4, entry);
  if (entry.open) header.fill(entry.size >= ZIP64_FROM ? 0xff : 0, 18, 26).fill(0, 14, 18);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

/**
 * Decodes the local header at `at` and refuses every encoding but the one that `encodeLocal` gives.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function decodeLocal(bytes: Buffer, at: number): { readonly entry: ZipEntry; readonly length: number } {
  if (bytes.length < at + LOCAL_BYTES || bytes.readUInt32LE(at) !== LOCAL) throw strange();
  const extraAt = at + LOCAL_BYTES + bytes.readUInt16LE(at + 26);
  const end = extraAt + bytes.readUInt16LE(at + 28);
  const own = end - OWN_BYTES;
  if (bytes.length < end || own - TIME_BYTES < extraAt) throw strange();
  const open = (bytes.readUInt16LE(at + 6) & FLAG_OPEN) !== 0;
  const size = bytes.readBigUInt64LE(own + 5);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw strange();
  const entry: ZipEntry = {
    name: bytes.toString("utf8", at + LOCAL_BYTES, extraAt),
    kind: String.fromCharCode(bytes[own + 4] ?? 0) as ZipKind,
    mtime: bytes.readUInt32LE(own - 4),
    method: bytes.readUInt16LE(at + 8) as ZipEntry["method"],
    crc32: open ? 0 : bytes.readUInt32LE(at + 14),
    packed: open ? 0 : bytes.readUInt32LE(at + 18),
    size: Number(size),
    open,
  };
  if (!isEntry(entry) || !encodeLocal(entry).equals(bytes.subarray(at, end))) throw strange(entry.name);
  return { entry, length: end - at };
}

/** Kinds and methods go together in one way only; what is open is a deflated file. */
function isEntry({ name, kind, method, packed, size, open }: ZipEntry): boolean {
  if (!"fxds".includes(kind) || (kind === "d") !== name.endsWith("/")) return false;
  if (open) return method === DEFLATED && (kind === "f" || kind === "x");
  if (packed > MAX32 || size > MAX32) return false;
  if (method === STORED) return packed === size && (kind !== "d" || size === 0);
  return method === DEFLATED && packed < size && (kind === "f" || kind === "x");
}

/** @param last what stands behind all other extra fields */
export function encodeCentral(entry: ZipEntry, offset: number, last: Buffer = NOTHING): Buffer {
  const name = Buffer.from(entry.name);
  const big = entry.size >= ZIP64_FROM;
  const far = offset >= MAX32;
  const wide = [...(big ? [entry.size, entry.packed] : []), ...(far ? [offset] : [])];
  const extra = Buffer.concat([wide.length > 0 ? zip64(wide) : NOTHING, timeExtra(entry), ownExtra(entry), last]);
  const header = Buffer.alloc(CENTRAL_BYTES);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(MADE_BY_UNIX | versionNeeded(entry, far), 4);
  writeCommon(header, 6, entry);
  if (far) header.writeUInt16LE(versionNeeded(entry, far), 6);
  if (big) header.fill(0xff, 20, 28);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE((modeOf(entry.kind) * 0x10000 + (entry.kind === "d" ? 0x10 : 0)) >>> 0, 38);
  header.writeUInt32LE(far ? MAX32 : offset, 42);
  return Buffer.concat([header, name, extra]);
}

/** What of a record of the directory only the content tells; the rest follows from the index. */
export function readCentral(
  record: Buffer,
  { name, size }: Pick<ZipEntry, "name" | "size">,
): Pick<ZipEntry, "method" | "crc32" | "packed"> {
  const at = CENTRAL_BYTES + Buffer.byteLength(name) + 12;
  const packed = size >= ZIP64_FROM ? Number(record.readBigUInt64LE(at)) : record.readUInt32LE(20);
  return { method: record.readUInt16LE(10) as ZipEntry["method"], crc32: record.readUInt32LE(16), packed };
}

/** What follows the content of an open entry. */
export function encodeDescriptor({ crc32, packed, size }: Pick<ZipEntry, "crc32" | "packed" | "size">): Buffer {
  const wide = size >= ZIP64_FROM;
  const bytes = Buffer.alloc(wide ? 24 : 16);
  bytes.writeUInt32LE(DESCRIPTOR, 0);
  bytes.writeUInt32LE(crc32, 4);
  if (wide) {
    bytes.writeBigUInt64LE(BigInt(packed), 8);
    bytes.writeBigUInt64LE(BigInt(size), 16);
  } else {
    bytes.writeUInt32LE(packed, 8);
    bytes.writeUInt32LE(size, 12);
  }
  return bytes;
}

/** Bytes of it; of how many is told by the content's size alone. */
export function descriptorBytes(size: number): number {
  return size >= ZIP64_FROM ? 24 : 16;
}

const NOTHING = Buffer.alloc(0);
const TIME_BYTES = 9;
const OWN_BYTES = 13;

/** From "version needed" to the content's size: 24 bytes that both headers have. */
function writeCommon(header: Buffer, at: number, entry: ZipEntry): void {
  header.writeUInt16LE(versionNeeded(entry, false), at);
  header.writeUInt16LE(FLAG_UTF8 | (entry.open ? FLAG_OPEN : 0), at + 2);
  header.writeUInt16LE(entry.method, at + 4);
  writeDosTime(header, at + 6, entry.mtime);
  header.writeUInt32LE(entry.crc32, at + 10);
  header.writeUInt32LE(Math.min(entry.packed, MAX32), at + 14);
  header.writeUInt32LE(Math.min(entry.size, MAX32), at + 18);
}

function versionNeeded({ size }: ZipEntry, far: boolean): number {
  return far || size >= ZIP64_FROM ? 45 : 20;
}

function modeOf(kind: ZipKind): number {
  return { f: 0o100644, x: 0o100755, d: 0o040755, s: 0o120777 }[kind];
}

/** Two seconds a tick, from 1980 on, in no time zone: UTC here. The extra field says it exactly. */
function writeDosTime(header: Buffer, at: number, mtime: number): void {
  const date = new Date(Math.max(mtime, Date.UTC(1980, 0) / 1000) * 1000);
  header.writeUInt16LE((date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1), at);
  header.writeUInt16LE(((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(), at + 2);
}

/** "UT" (Info-ZIP's extended timestamp): the modification time alone. */
function timeExtra({ mtime }: ZipEntry): Buffer {
  const extra = Buffer.from([0x55, 0x54, 5, 0, 1, 0, 0, 0, 0]);
  extra.writeUInt32LE(mtime, 5);
  return extra;
}

/** "EP", envpack's own: the kind, which else only the directory tells, and the content's size. */
function ownExtra({ kind, size }: ZipEntry): Buffer {
  const extra = Buffer.from([0x45, 0x50, 9, 0, kind.charCodeAt(0), 0, 0, 0, 0, 0, 0, 0, 0]);
  extra.writeBigUInt64LE(BigInt(size), 5);
  return extra;
}

function zip64(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

function strange(path?: string): Error {
  return damaged("it holds a header that envpack does not write", undefined, path === "" ? undefined : path);
}
