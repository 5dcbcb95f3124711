import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { EnvpackError } from "../../errors.js";

/**
 * The archives of Yarn's cache are read here just to find package.json files and the first lines of
 * commands in them. Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3.7, 4.3.12 and 4.3.16.
 */
const END = 0x06054b50;
const END_BYTES = 22;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** A package.json or a script; what says it is larger is not one. */
const LARGEST = 64 << 20;

export interface ZipFile {
  /** Names of the files, without those of folders. */
  readonly names: readonly string[];
  /** The content of a file; null where there is none of that name. */
  readonly read: (name: string) => Buffer | null;
}

interface ZipEntry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

/** Reads an archive's directory. */
export function readZip(file: string): ZipFile {
  const descriptor = open(file);
  try {
    const entries = readDirectory(descriptor, file);
    return { names: [...entries.keys()], read: (name) => readEntry(file, entries.get(name)) };
  } finally {
    closeSync(descriptor);
  }
}

function open(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw damaged(file, error);
  }
}

/** The end record's fields: entries at 10, size of the directory at 12, its place at 16. */
function readDirectory(descriptor: number, file: string): Map<string, ZipEntry> {
  const { size } = fstatSync(descriptor);
  const tail = read(descriptor, Math.max(0, size - END_BYTES - 0xffff), Math.min(size, END_BYTES + 0xffff));
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) throw damaged(file);
  const directory = read(descriptor, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + CENTRAL_BYTES <= directory.length && directory.readUInt32LE(at) === CENTRAL; ) {
    const lengths = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const name = directory.toString("utf8", at + CENTRAL_BYTES, at + CENTRAL_BYTES + (lengths[0] as number));
    const [packed, plain, place] = [20, 24, 42].map((field) => directory.readUInt32LE(at + field)) as [number, number, number];
    if (!name.endsWith("/")) entries.set(name, { method: directory.readUInt16LE(at + 10), packed, size: plain, at: place });
    at += CENTRAL_BYTES + lengths.reduce((sum, length) => sum + length, 0);
  }
  return entries;
}

function readEntry(file: string, entry: ZipEntry | undefined): Buffer | null {
  if (entry === undefined) return null;
  if (entry.size > LARGEST || entry.packed > LARGEST) throw damaged(file);
  const descriptor = open(file);
  try {
    const local = read(descriptor, entry.at, LOCAL_BYTES);
    if (local.length < LOCAL_BYTES) throw damaged(file);
    const from = entry.at + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
    const body = read(descriptor, from, entry.packed);
    if (entry.method === STORED) return body;
    if (entry.method === DEFLATED) return inflateRawSync(body, { maxOutputLength: Math.max(entry.size, 1) });
    throw damaged(file);
  } catch (error) {
    throw error instanceof EnvpackError ? error : damaged(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function read(descriptor: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(Math.min(length, LARGEST));
  return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, at));
}

function damaged(path: string, cause?: unknown): EnvpackError {
  return new EnvpackError("NOT_INSTALLED", "an archive of Yarn's cache is missing or damaged", {
    path,
    hint: "bring it back with `yarn install`",
    cause,
  });
}
