import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { EnvpackError } from "../../support/errors.js";
import { writeBlock, writeFileBlock } from "./header-block.js";
import { BLOCK, headerBound, MAX_SIZE, paddedSize, type TarHeader } from "./header-fields.js";

const TYPES = { "0": "File", "1": "Link", "2": "SymbolicLink", "5": "Directory" } as const;

/**
 * Writes a header to `target` at `at`: one block, or three and more where a pax record must say what
 * does not fit. There is just one encoding of a header, so that a reader can compare bytes.
 *
 * @returns how many bytes were written; at most `headerBound`
 */
export function writeHeader(header: TarHeader, target: Buffer, at: number): number {
  if (writeBlock(header, target, at)) return BLOCK;
  const mode = header.type === "5" || header.executable ? 0o755 : 0o644;
  const path = header.type === "5" ? `${header.name}/` : header.name;
  const encoded = new Header({
    type: TYPES[header.type],
    path,
    mode: header.type === "2" ? 0o777 : mode,
    uid: 0,
    gid: 0,
    size: header.size,
    mtime: new Date(header.mtime * 1000),
    linkpath: header.linkname,
    uname: "",
    gname: "",
  });
  const block = Buffer.alloc(BLOCK);
  if (!encoded.encode(block)) return block.copy(target, at);
  const pax = new Pax({
    path,
    linkpath: header.linkname === "" ? undefined : header.linkname,
    size: header.size > MAX_SIZE ? header.size : undefined,
  }).encode();
  return pax.copy(target, at) + block.copy(target, at + pax.length);
}

/** As `writeHeader` of a file by this name in the tar. */
export function writeFileHeader(
  name: string,
  { executable, size }: Pick<TarHeader, "executable" | "size">,
  mtime: number,
  target: Buffer,
  at: number,
): number {
  if (writeFileBlock(name, executable, size, mtime, target, at)) return BLOCK;
  return writeHeader({ type: "0", name, executable, size, linkname: "", mtime }, target, at);
}

/** A header by itself. */
export function encodeHeader(header: TarHeader): Buffer {
  const buffer = Buffer.alloc(headerBound(header.name, header.linkname, header.size));
  return buffer.subarray(0, writeHeader(header, buffer, 0));
}

/** A header that was read, and how many bytes it took. */
export interface DecodedHeader {
  readonly header: TarHeader;
  readonly length: number;
}

/**
 * Decodes the header at `offset` and refuses every encoding but the one that `encodeHeader` gives.
 *
 * @returns null where the bytes end before the header does
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function decodeHeader(tar: Buffer, offset: number): DecodedHeader | null {
  if (tar.length < offset + BLOCK) return null;
  const pax = tar[offset + 156] === TYPE_PAX ? readPax(tar, offset) : null;
  if (pax === undefined) return null;
  const at = pax === null ? offset : pax.end;
  const header = readFields(tar, at, pax?.records ?? NO_RECORDS);
  const length = at + BLOCK - offset;
  if (!isCanonical(header, tar, offset, length)) {
    throw corrupt("a tar header that envpack does not write", header.name);
  }
  return { header, length };
}

const plainBlock = Buffer.alloc(BLOCK);

function isCanonical(header: TarHeader, tar: Buffer, offset: number, length: number): boolean {
  const { type, name, executable, size, mtime } = header;
  const isFile = length === BLOCK && type === "0" && header.linkname === "" && writeFileBlock(name, executable, size, mtime, plainBlock, 0);
  const plain = isFile || (length === BLOCK && writeBlock(header, plainBlock, 0));
  const canonical = plain ? plainBlock : encodeHeader(header);
  return canonical.length === length && canonical.compare(tar, offset, offset + length) === 0;
}

const TYPE_PAX = "x".charCodeAt(0);
const NO_RECORDS: ReadonlyMap<string, string> = new Map();
/** Three records of at most a path each. */
const MAX_PAX = 16 << 10;

interface PaxRecords {
  readonly records: ReadonlyMap<string, string>;
  /** Offset of the header that the records belong to. */
  readonly end: number;
}

/** undefined: the bytes end before the header that the records belong to. */
function readPax(tar: Buffer, offset: number): PaxRecords | undefined {
  const size = readOctal(tar, offset + 124, 11);
  if (size > MAX_PAX) throw corrupt("a pax record that is too long");
  const start = offset + BLOCK;
  const end = start + paddedSize(size);
  if (tar.length < end + BLOCK) return undefined;
  const records = new Map<string, string>();
  for (let at = start; at < start + size;) {
    const space = tar.indexOf(0x20, at);
    const length = Number(tar.toString("latin1", at, Math.min(space, at + 6)));
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > start + size) throw corrupt("a malformed pax record");
    const record = tar.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return { records, end };
}

/** Reads the fields that `encodeHeader` fills in; all the others are checked by encoding them again. */
function readFields(tar: Buffer, at: number, records: ReadonlyMap<string, string>): TarHeader {
  const type = String.fromCharCode(tar[at + 156] ?? 0);
  if (type !== "0" && type !== "1" && type !== "2" && type !== "5") {
    throw corrupt("an entry of a kind that envpack does not write", readText(tar, at, 100));
  }
  const prefix = readText(tar, at + 345, 155);
  const path = records.get("path") ?? (prefix === "" ? "" : `${prefix}/`) + readText(tar, at, 100);
  const size = records.get("size");
  return {
    type,
    name: type === "5" && path.endsWith("/") ? path.slice(0, -1) : path,
    executable: (type === "0" || type === "1") && tar[at + 103] === 0x37,
    size: type !== "0" ? 0 : size === undefined ? readOctal(tar, at + 124, 11) : readSize(size),
    linkname: records.get("linkpath") ?? readText(tar, at + 157, 100),
    mtime: readOctal(tar, at + 136, 11),
  };
}

function readText(tar: Buffer, at: number, length: number): string {
  const end = tar.indexOf(0, at);
  return tar.toString("utf8", at, end < 0 ? at + length : Math.min(end, at + length));
}

function readOctal(tar: Buffer, at: number, digits: number): number {
  let value = 0;
  let index = at;
  for (const end = at + digits; index < end; index++) {
    const digit = (tar[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  // A space may stand in the last one's place.
  const behind = index - at;
  if (behind === digits || (behind === digits - 1 && tar[index] === 0x20)) return value;
  throw corrupt("a malformed number in a tar header", readText(tar, at < BLOCK ? 0 : at, 0));
}

function readSize(text: string): number {
  const size = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw corrupt("a malformed size in a pax record");
  return size;
}

function corrupt(what: string, path?: string): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", `the archive holds ${what}`, { path: path === "" ? undefined : path });
}
