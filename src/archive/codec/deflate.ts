import { deflateRawSync } from "node:zlib";

/** Bytes that are tried to see whether content compresses at all. */
const SAMPLE = 64 << 10;

/** Deflate is slow on what does not compress: three samples tell. */
export function compresses(plain: Uint8Array): boolean {
  if (plain.length < 8 * SAMPLE) return true;
  const starts = [SAMPLE, plain.length >>> 1, plain.length - 2 * SAMPLE];
  const packed = starts.map((start) => deflateRawSync(plain.subarray(start, start + SAMPLE), { level: 1 }).length);
  return Math.min(...packed) < 0.97 * SAMPLE;
}
