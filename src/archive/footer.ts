import { crc32 } from "node:zlib";
import { EnvpackError } from "../errors.js";
import { FORMAT_VERSION } from "./format-version.js";

/**
 * The footer's payload, 192 bytes, numbers little-endian:
 *   0   8  "envpack" and a NUL
 *   8   4  version of the format
 *  12   4  0
 *  16   8  where the index's frames begin in the archive
 *  24   8  their bytes
 *  32   8  tar bytes in them: header, index, padding, end mark
 *  40   8  bytes of the index file
 *  48  32  SHA-256 of the index file
 *  80   4  CRC-32 over the CRC-32s of the index's frames
 *  84 104  0; kept for a signature
 * 188   4  CRC-32 of the 188 bytes before
 */
export interface Footer {
  readonly indexAt: number;
  readonly indexSize: number;
  readonly indexTar: number;
  readonly indexBytes: number;
  /** 64 lower-case hex digits. */
  readonly indexSha256: string;
  readonly indexCrc32: number;
}

export const FOOTER_BYTES = 192;
const MAGIC = Buffer.from("envpack\u0000", "latin1");

export function encodeFooter(footer: Footer): Buffer {
  const payload = Buffer.alloc(FOOTER_BYTES);
  payload.set(MAGIC, 0);
  payload.writeUInt32LE(FORMAT_VERSION, 8);
  payload.writeBigUInt64LE(BigInt(footer.indexAt), 16);
  payload.writeBigUInt64LE(BigInt(footer.indexSize), 24);
  payload.writeBigUInt64LE(BigInt(footer.indexTar), 32);
  payload.writeBigUInt64LE(BigInt(footer.indexBytes), 40);
  payload.write(footer.indexSha256, 48, "hex");
  payload.writeUInt32LE(footer.indexCrc32, 80);
  payload.writeUInt32LE(crc32(payload.subarray(0, FOOTER_BYTES - 4)), FOOTER_BYTES - 4);
  return payload;
}

/**
 * Decodes a payload and refuses every form but the one that is written.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW
 */
export function decodeFooter(payload: Buffer): Footer {
  const version = payload.length === FOOTER_BYTES && payload.indexOf(MAGIC) === 0 ? payload.readUInt32LE(8) : 0;
  const intact = version > 0 && payload.readUInt32LE(FOOTER_BYTES - 4) === crc32(payload.subarray(0, FOOTER_BYTES - 4));
  if (intact && version > FORMAT_VERSION) {
    throw new EnvpackError("ARCHIVE_TOO_NEW", `the archive has format ${version}, newer than this envpack reads`, {
      hint: "use a newer envpack",
    });
  }
  const count = (at: number): number => Number(payload.readBigUInt64LE(at));
  if (intact) {
    const footer: Footer = {
      indexAt: count(16),
      indexSize: count(24),
      indexTar: count(32),
      indexBytes: count(40),
      indexSha256: payload.toString("hex", 48, 80),
      indexCrc32: payload.readUInt32LE(80),
    };
    const counts = [footer.indexAt, footer.indexSize, footer.indexTar, footer.indexBytes];
    if (counts.every(Number.isSafeInteger) && encodeFooter(footer).equals(payload)) return footer;
  }
  throw new EnvpackError("ARCHIVE_CORRUPT", "the archive's end is damaged or cut off", {
    hint: "copy the archive again",
  });
}

/** Adds a frame's CRC-32 to that over those before it; starts from 0. */
export function chainCrc32(chain: number, frame: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(frame);
  return crc32(bytes, chain);
}
