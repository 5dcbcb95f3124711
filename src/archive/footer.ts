import { crc32 } from "node:zlib";
import { EnvpackError } from "../support/errors.js";
import { FORMAT_VERSION } from "./format-version.js";
import { fits, KEY_BYTES, SIGNATURE_BYTES, type Signature } from "./signing/signature.js";

/**
 * The footer's payload, 192 bytes, numbers little-endian:
 *   0   8  "envpack" and a NUL
 *   8   4  version of the format, 1 or 2
 *  12   4  0
 *  16   8  where the index's frames begin in the archive
 *  24   8  their bytes
 *  32   8  tar bytes in them: header, index, padding, end mark
 *  40   8  bytes of the index file
 *  48  32  SHA-256 of the index file
 *  80   4  CRC-32 over the CRC-32s of the index's frames
 *  84  32  Ed25519 public key of who signed the archive, or 0
 * 116  64  signature by it over `signedPart`, or 0
 * 180   8  0
 * 188   4  CRC-32 of the 188 bytes before
 */
export interface FooterFields {
  /** By default the one that is written. */
  readonly version?: number;
  readonly indexAt: number;
  readonly indexSize: number;
  readonly indexTar: number;
  readonly indexBytes: number;
  /** 64 lower-case hex digits. */
  readonly indexSha256: string;
  readonly indexCrc32: number;
}

export interface Footer extends FooterFields {
  /** null: the archive is not signed. One that is there fits. */
  readonly signature: Signature | null;
}

export const FOOTER_BYTES = 192;
export const FOOTER_MAGIC = Buffer.from("envpack\u0000", "latin1");
const SIGNATURE_AT = 84;
const SIGNATURE_END = SIGNATURE_AT + KEY_BYTES + SIGNATURE_BYTES;

/** Goes before what is signed, so that no signature made for something else fits an archive. */
const CONTEXT = Buffer.from("envpack archive signature 1\u0000", "latin1");

/**
 * The bytes that a signature is made over: the payload's first 84. They hold the digest of the index,
 * which holds the digests of all else, so that one signature covers every file, link, name and mode.
 */
export function signedPart(footer: FooterFields): Buffer {
  return Buffer.concat([CONTEXT, encodeFooter(footer, null).subarray(0, SIGNATURE_AT)]);
}

export function encodeFooter(footer: FooterFields, signature: Signature | null): Buffer {
  const payload = Buffer.alloc(FOOTER_BYTES);
  payload.set(FOOTER_MAGIC, 0);
  payload.writeUInt32LE(footer.version ?? FORMAT_VERSION, 8);
  payload.writeBigUInt64LE(BigInt(footer.indexAt), 16);
  payload.writeBigUInt64LE(BigInt(footer.indexSize), 24);
  payload.writeBigUInt64LE(BigInt(footer.indexTar), 32);
  payload.writeBigUInt64LE(BigInt(footer.indexBytes), 40);
  payload.write(footer.indexSha256, 48, "hex");
  payload.writeUInt32LE(footer.indexCrc32, 80);
  if (signature !== null) payload.set(Buffer.concat([signature.publicKey, signature.value]), SIGNATURE_AT);
  payload.writeUInt32LE(crc32(payload.subarray(0, FOOTER_BYTES - 4)), FOOTER_BYTES - 4);
  return payload;
}

/**
 * Decodes a payload and refuses every form but the one that is written.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID where there is a signature that does not fit
 */
export function decodeFooter(payload: Buffer): Footer {
  const version = payload.length === FOOTER_BYTES && payload.indexOf(FOOTER_MAGIC) === 0 ? payload.readUInt32LE(8) : 0;
  const intact = version > 0 && payload.readUInt32LE(FOOTER_BYTES - 4) === crc32(payload.subarray(0, FOOTER_BYTES - 4));
  if (intact && version > FORMAT_VERSION) {
    throw new EnvpackError("ARCHIVE_TOO_NEW", `the archive has format ${version}, newer than this envpack reads`, {
      hint: "use a newer envpack",
    });
  }
  const count = (at: number): number => Number(payload.readBigUInt64LE(at));
  if (intact) {
    const footer: Footer = {
      version,
      indexAt: count(16),
      indexSize: count(24),
      indexTar: count(32),
      indexBytes: count(40),
      indexSha256: payload.toString("hex", 48, 80),
      indexCrc32: payload.readUInt32LE(80),
      signature: readSignature(payload),
    };
    const counts = [footer.indexAt, footer.indexSize, footer.indexTar, footer.indexBytes];
    if (counts.every(Number.isSafeInteger) && encodeFooter(footer, footer.signature).equals(payload)) return checkSignature(footer);
  }
  throw new EnvpackError("ARCHIVE_CORRUPT", "the archive's end is damaged or cut off, or it was compressed again on its way", {
    hint: "copy the archive again; or decompress it (`zstd -d`, `xz -d`, `unzip`), and name the .tar or the folder",
  });
}

function readSignature(payload: Buffer): Signature | null {
  const bytes = Buffer.from(payload.subarray(SIGNATURE_AT, SIGNATURE_END));
  if (bytes.every((byte) => byte === 0)) return null;
  return { publicKey: bytes.subarray(0, KEY_BYTES), value: bytes.subarray(KEY_BYTES) };
}

function checkSignature(footer: Footer): Footer {
  if (footer.signature === null || fits(footer.signature, signedPart(footer))) return footer;
  throw new EnvpackError("SIGNATURE_INVALID", "the signature is not that of this archive", { hint: "do not use it" });
}

/** Adds a frame's CRC-32 to that over those before it; starts from 0. */
export function chainCrc32(chain: number, frame: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(frame);
  return crc32(bytes, chain);
}
