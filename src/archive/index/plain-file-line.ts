import type { FileEntry } from "../entry.js";

/*
 * The line of a file whose path needs no escape and is ASCII, as `encodeEntry` writes it: nearly every line
 * of an index.
 *
 *     {"type":"file","path":"a/b.js","mode":"0644","size":12,"sha256":"…64 digits…"}
 */
const START = Buffer.from('{"type":"file","path":"');
const MODE = Buffer.from('","mode":"');
const PLAIN = Buffer.from("0644");
const EXECUTABLE = Buffer.from("0755");
const SIZE = Buffer.from('","size":');
const SHA256 = Buffer.from(',"sha256":"');
const END = Buffer.from('"}');

const DIGEST_LENGTH = 64;
/** Digits of the greatest size that a number can hold exactly. */
const SIZE_LENGTH = 16;

const ZERO = 0x30;

/** What a byte may be, as bits: a decimal digit, a digit of a digest, a character that JSON writes as it is. */
const DECIMAL = 1;
const HEXADECIMAL = 2;
const TEXT = 4;

/** By byte: comparing each one takes longer than all else that is done with a line. */
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  const isText = byte < 0x80 && JSON.stringify(character) === `"${character}"`;
  return (/[0-9]/.test(character) ? DECIMAL : 0) | (/[0-9a-f]/.test(character) ? HEXADECIMAL : 0) | (isText ? TEXT : 0);
});

/**
 * Decodes such a line from its bytes. Path and digest become strings of their own, where parts of a longer
 * string would keep all of that in memory: it is the index's text, twice as long as they are.
 *
 * @param from where the line begins in the bytes, and `end` where it ends, without its newline
 * @returns null for any other line, right or wrong
 */
export function decodePlainFile(bytes: Buffer, from: number, end: number): FileEntry | null {
  const digestEnd = end - END.length;
  const digestAt = digestEnd - DIGEST_LENGTH;
  const sizeEnd = digestAt - SHA256.length;
  const sizeAt = firstDigit(bytes, sizeEnd);
  const modeAt = sizeAt - SIZE.length - PLAIN.length;
  const pathAt = from + START.length;
  const pathEnd = modeAt - MODE.length;
  if (pathEnd <= pathAt || !isAt(bytes, pathEnd, MODE) || !isAt(bytes, sizeAt - SIZE.length, SIZE)) return null;
  if (!isAt(bytes, from, START) || !isAt(bytes, sizeEnd, SHA256) || !isAt(bytes, digestEnd, END)) return null;
  const executable = isAt(bytes, modeAt, EXECUTABLE);
  if (!executable && !isAt(bytes, modeAt, PLAIN)) return null;
  const size = readSize(bytes, sizeAt, sizeEnd);
  if (size === null || !isAll(bytes, pathAt, pathEnd, TEXT) || !isAll(bytes, digestAt, digestEnd, HEXADECIMAL)) return null;
  return {
    type: "file",
    path: bytes.toString("latin1", pathAt, pathEnd),
    executable,
    size,
    sha256: bytes.toString("latin1", digestAt, digestEnd),
  };
}

function isAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Where the digits begin that end at `end`. */
function firstDigit(bytes: Buffer, end: number): number {
  let at = end;
  while (end - at <= SIZE_LENGTH && ((KINDS[bytes[at - 1] ?? 0] ?? 0) & DECIMAL) !== 0) at--;
  return at;
}

/** null for what JSON does not write, or what is not exact. */
function readSize(bytes: Buffer, from: number, end: number): number | null {
  const isJson = end - from === 1 || (end - from > 1 && bytes[from] !== ZERO);
  if (!isJson) return null;
  let size = 0;
  for (let at = from; at < end; at++) size = size * 10 + ((bytes[at] ?? 0) - ZERO);
  return Number.isSafeInteger(size) ? size : null;
}

/** Whether all bytes of a range may be what `kind` says. */
function isAll(bytes: Buffer, from: number, end: number, kind: number): boolean {
  for (let at = from; at < end; at++) if (((KINDS[bytes[at] ?? 0] ?? 0) & kind) === 0) return false;
  return true;
}
