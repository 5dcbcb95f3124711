import { FOOTER_BYTES } from "../footer.js";

/*
 * What a bzip2 stream holds is not aligned to bytes, and nothing in it says where it ends. So streams that hold
 * nothing stand before it, of 14 bytes each: "BZh", a digit for the size of blocks, which means nothing where
 * there are none, and the end. The digits 1 to 8 are three bits each, the lowest first; 9 begins a footer.
 */
const DIGIT_BITS = 3;
/** Behind "BZh" and the digit: the mark of the end, and a checksum of nothing. */
const NOTHING = Buffer.from("17724538509000000000", "hex");
const EMPTY = 4 + NOTHING.length;
const MARK_DIGITS = 9;
const FOOTER_DIGITS = (FOOTER_BYTES * 8) / DIGIT_BITS;

/** Bytes of the streams before a frame, and of a footer. */
export const MARK = MARK_DIGITS * EMPTY;
export const FOOTER = EMPTY * (1 + FOOTER_DIGITS);

function emptyStream(digit: number): Buffer {
  return Buffer.concat([Buffer.from(`BZh${digit}`), NOTHING]);
}

/** The streams that say how long the frame behind them is, and whether it is a part. */
export function encodeMark(length: number, part: boolean): Buffer {
  const value = length * 2 + (part ? 1 : 0);
  return Buffer.concat(Array.from({ length: MARK_DIGITS }, (_, index) => emptyStream((Math.floor(value / 8 ** index) % 8) + 1)));
}

/** What they say; null where they are not such streams. */
export function decodeMark(bytes: Buffer): { readonly length: number; readonly part: boolean } | null {
  let value = 0;
  for (let index = 0; index < MARK_DIGITS; index++) {
    const digit = digitAt(bytes, index * EMPTY);
    if (digit === null || digit > 8) return null;
    value += (digit - 1) * 8 ** index;
  }
  return { length: Math.floor(value / 2), part: value % 2 === 1 };
}

/** A footer in streams that hold nothing. */
export function encodeFooterStreams(payload: Uint8Array): Buffer {
  const streams = [emptyStream(9)];
  for (let digit = 0; digit < FOOTER_DIGITS; digit++) {
    let value = 0;
    for (let bit = 0; bit < DIGIT_BITS; bit++) value |= bitOf(payload, digit * DIGIT_BITS + bit) << bit;
    streams.push(emptyStream(value + 1));
  }
  return Buffer.concat(streams);
}

/** The payload of a footer; zeros where it is none. */
export function decodeFooterStreams(wrapped: Buffer): Buffer {
  const payload = Buffer.alloc(FOOTER_BYTES);
  if (digitAt(wrapped, 0) !== 9) return payload;
  for (let digit = 0; digit < FOOTER_DIGITS; digit++) {
    const value = (digitAt(wrapped, (digit + 1) * EMPTY) ?? 1) - 1;
    for (let bit = 0; bit < DIGIT_BITS; bit++) {
      const at = digit * DIGIT_BITS + bit;
      payload[at >>> 3] = (payload[at >>> 3] ?? 0) | (((value >>> bit) & 1) << (at & 7));
    }
  }
  return payload;
}

function bitOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at >>> 3] ?? 0) >>> (at & 7)) & 1;
}

/** The digit of the empty stream there; null where there is none. */
export function digitAt(bytes: Buffer, at: number): number | null {
  const digit = (bytes[at + 3] ?? 0) - 0x30;
  if (bytes.length < at + EMPTY || bytes.toString("latin1", at, at + 3) !== "BZh" || digit < 1 || digit > 9) return null;
  return bytes.compare(NOTHING, 0, NOTHING.length, at + 4, at + EMPTY) === 0 ? digit : null;
}
