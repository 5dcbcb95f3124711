import { closeSync, openSync, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { EnvpackError, explainError } from "../support/errors.js";
import type { Drop } from "./drops/drop.js";
import { DUMP, KEY } from "./secret-names.js";

/** What a look into a file tells. */
export interface ContentSecret {
  readonly drop: Drop;
  /** Whether the file is program text, which cannot be left out without breaking the program. */
  readonly isProgram: boolean;
}

/** Bytes. Keys, and records that hold one, are smaller; programs are searched up to this size. */
export const SMALL = 256 << 10;

/** Bytes. Nothing shorter holds a private key. */
const SMALLEST = 48;

/** Bytes. A larger `*.pem` or `*.key` is read in such pieces. */
const PIECE = 1 << 20;

/** What every key that is a text says of itself; the search for these is quick. */
const MARKS = ["PRIVATE KEY", "PuTTY-User-Key-File", "AGE-SECRET-KEY-1", "PrivateKey", '"kty"'].map((text) => Buffer.from(text));
const [KEY_MARK = Buffer.alloc(0)] = MARKS;

/** The line that begins a key, and a line of it, after line ends as they are or as strings write them. */
const PEM = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|["'+,`\s\\]){1,40}[A-Za-z0-9+/]{4}/;
/** A whole line of a key's body: in program text and in prose the bare mark is no key. */
const PEM_BODY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|["'+,`\s\\]){1,40}(?:[A-Za-z-]{4,20}: [^\n\\]{1,80}(?:\\[rn]|\s){1,8}){0,4}[A-Za-z0-9+/=]{48}/;
const OTHER_KEYS = [
  /^PuTTY-User-Key-File-\d:/m,
  /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/,
  // WireGuard's
  /^[ \t]{0,20}PrivateKey[ \t]{0,20}=[ \t]{0,20}[A-Za-z0-9+/]{43}=/m,
];
/** A JSON Web Key with its private part. */
const JSON_KEY = /"kty"[ \t]{0,20}:/;
const JSON_PRIVATE_PART = /"(?:d|k)"[ \t]{0,20}:[ \t]{0,20}"[A-Za-z0-9_-]{20}/;

/** Program text and prose, which may speak of keys. */
const PROGRAM = /\.(?:[cm]?[jt]sx?|vue|svelte|astro|py|rb|go|rs|java|kt|php|c|cc|cpp|h|hpp|cs|swift|sh|bash|html?|css|map|node|wasm)$/i;
const PROSE = /\.(?:md|markdown|mdx|txt|rst|adoc)$|^(?:readme|changelog|history|licen[cs]e)$/i;
/** Nothing to look for in these. */
const MEDIA =
  /\.(?:png|jpe?g|gif|webp|avif|ico|svg|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wav|pdf|zip|gz|tgz|br|zst|xz|bz2|7z|node|so|wasm|dll|dylib|exe)$/i;
const CORE = /^(?:core(?:[._-]\d{1,12})?|vgcore\.\d{1,12}|.{1,200}\.core(?:\.\d{1,12})?)$/;

/** Whether the content of a file of this name has to be looked at, wherever it lies: certificates stay, keys do not. */
export function mayBeKey(name: string): boolean {
  return /\.(?:pem|key)$/i.test(name);
}

/** Whether a file of one's own has to be looked at. */
export function mayHoldSecret(name: string, size: number): boolean {
  return CORE.test(name) || (size >= SMALLEST && size <= SMALL && !MEDIA.test(name));
}

/**
 * Looks into a file for a private key, or for the memory of a process. Its time is in proportion to the file's size.
 *
 * @param file absolute
 */
export function findSecretContent(file: string, name: string): ContentSecret | null {
  try {
    const descriptor = openSync(file, "r");
    try {
      return CORE.test(name) ? findDump(descriptor) : findKey(readFirstBytes(descriptor), name);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainError(error, "cannot look for a private key", file);
  }
}

/** Used again and again, for one file after the other. */
const room = Buffer.allocUnsafeSlow(SMALL + 1);

function readFirstBytes(descriptor: number): Buffer {
  return room.subarray(0, readSync(descriptor, room, 0, room.length, 0));
}

function findKey(content: Buffer, name: string): ContentSecret | null {
  if (isKeyStore(content) || (/\.(?:key|der|p8|pk8)$/i.test(name) && isBinaryKey(content))) return { drop: KEY, isProgram: false };
  if (!MARKS.some((mark) => content.includes(mark))) return null;
  const text = content.toString("latin1");
  if (PROGRAM.test(name)) return PEM_BODY.test(text) ? { drop: KEY, isProgram: true } : null;
  const isKey = (PROSE.test(name) ? PEM_BODY : PEM).test(text) || OTHER_KEYS.some((key) => key.test(text)) || isJsonKey(text);
  return isKey ? { drop: KEY, isProgram: false } : null;
}

function isJsonKey(text: string): boolean {
  return JSON_KEY.test(text) && JSON_PRIVATE_PART.test(text);
}

/** KeePass's key store by its first bytes, Java's where it holds more than certificates: whatever they are called. */
function isKeyStore(content: Buffer): boolean {
  const magic = content.toString("hex", 0, 4);
  return magic === "03d9a29a" || ((magic === "feedfeed" || magic === "cececece") && holdsKeyEntry(content));
}

/**
 * Source: sun.security.provider.JavaKeyStore: version @4, count @8, then entries: tag (1 a private key, 2 a
 * certificate, 3 a secret key), alias (length of 2 bytes, text), date of 8 bytes; a certificate's type and content.
 */
function holdsKeyEntry(content: Buffer): boolean {
  for (let at = 12; at + 6 <= content.length;) {
    if (content.readUInt32BE(at) !== 2) return true;
    at += 14 + content.readUInt16BE(at + 4);
    if (at + 2 > content.length) return false;
    at += 2 + content.readUInt16BE(at);
    if (at + 4 > content.length) return false;
    at += 4 + content.readUInt32BE(at);
    // A digest of 20 bytes ends the file.
    if (at + 20 >= content.length) return false;
  }
  return false;
}

/**
 * DER (X.690): a sequence whose first element is the integer 0, or 1 and an octet string: PKCS #8, PKCS #1 or SEC 1.
 * A certificate's and a public key's first element is a sequence.
 */
function isBinaryKey(content: Buffer): boolean {
  if (content[0] !== 0x30) return false;
  const length = content[1] ?? 0;
  const at = length < 0x80 ? 2 : 2 + (length & 0x7f);
  const start = content.toString("hex", at, at + 4);
  return start.startsWith("020100") || start === "02010104";
}

/** A core is an ELF file of type 4 (ET_CORE): e_type stands at byte 16, in the order that byte 5 tells. */
function findDump(descriptor: number): ContentSecret | null {
  const head = Buffer.alloc(18);
  readSync(descriptor, head, 0, 18, 0);
  if (head.toString("latin1", 0, 4) !== "\x7fELF") return null;
  const type = head[5] === 2 ? head.readUInt16BE(16) : head.readUInt16LE(16);
  return type === 4 ? { drop: DUMP, isProgram: false } : null;
}

/**
 * Whether a `*.pem` or `*.key` of any size holds a private key, by the mark alone.
 *
 * @throws EnvpackError INTERRUPTED once the signal says so
 */
export async function holdsKeyMark(file: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const handle = await open(file, "r");
    try {
      return await searchPieces(handle, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainError(error, "cannot look for a private key", file);
  }
}

async function searchPieces(handle: FileHandle, signal: AbortSignal | undefined): Promise<boolean> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; ;) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const { bytesRead: length } = await handle.read(piece, 0, PIECE, at);
    if (piece.subarray(0, length).includes(KEY_MARK)) return true;
    if (length < PIECE) return false;
    // The mark may lie across two pieces.
    at += length - KEY_MARK.length;
  }
}
