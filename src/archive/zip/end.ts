import { EnvpackError } from "../../support/errors.js";
import { damaged } from "../codec/codec.js";
import { decodeFooter, FOOTER_BYTES, type Footer } from "../footer.js";

/*
 * How a zip ends: the directory's last record is the index's, and its last extra field holds the
 * footer; then zip64's end record and locator where a number asks for them (APPNOTE 4.3.14, 4.3.15);
 * then the end record (4.3.16), without a comment: other programs would show one.
 */
const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const MAX16 = 0xffff;
const MAX32 = 0xffffffff;

/** Most bytes from the footer's extra field to the archive's end. */
export const ZIP_END_MAX = 4 + FOOTER_BYTES + END64_BYTES + LOCATOR_BYTES + END_BYTES;

/** Any program that makes a zip of a folder, or of a zip, leaves the footer out. */
function zippedAgain(): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", "the zip has no footer of envpack's: it was zipped again on its way", {
    hint: "unzip it, then `sh DIR/bin/envpack relocate` puts rights in order and `verify` checks every file",
  });
}

/** The extra field that holds the footer. */
export function footerExtra(payload: Uint8Array): Buffer {
  const extra = Buffer.alloc(4 + FOOTER_BYTES);
  extra.write("EF", 0, "latin1");
  extra.writeUInt16LE(FOOTER_BYTES, 2);
  extra.set(payload, 4);
  return extra;
}

/**
 * The records behind the directory.
 *
 * @param entries records in it
 * @param at where it begins in the archive
 * @param size its bytes
 */
export function encodeEnd(entries: number, at: number, size: number): Buffer {
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  for (const field of [8, 10]) end.writeUInt16LE(Math.min(entries, MAX16), field);
  end.writeUInt32LE(Math.min(size, MAX32), 12);
  end.writeUInt32LE(Math.min(at, MAX32), 16);
  if (entries < MAX16 && at < MAX32 && size < MAX32) return end;
  const wide = Buffer.alloc(END64_BYTES + LOCATOR_BYTES);
  wide.writeUInt32LE(END64, 0);
  wide.writeBigUInt64LE(BigInt(END64_BYTES - 12), 4);
  wide.writeUInt16LE((3 << 8) | 45, 12);
  wide.writeUInt16LE(45, 14);
  for (const field of [24, 32]) wide.writeBigUInt64LE(BigInt(entries), field);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(at), 48);
  wide.writeUInt32LE(LOCATOR, END64_BYTES);
  wide.writeBigUInt64LE(BigInt(at + size), END64_BYTES + 8);
  wide.writeUInt32LE(1, END64_BYTES + 16);
  return Buffer.concat([wide, end]);
}

/**
 * Finds the footer in an archive's last bytes; what stands around it is compared once the index is known.
 *
 * @param tail at most `ZIP_END_MAX` bytes
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID, NOT_AN_ARCHIVE
 */
export function findZipFooter(tail: Buffer): { readonly footer: Footer; readonly endBytes: number } {
  const end = tail.length - END_BYTES;
  if (end < 0 || tail.readUInt32LE(end) !== END) throw damaged("its end is cut off, or something stands behind it");
  const isWide = end >= LOCATOR_BYTES && tail.readUInt32LE(end - LOCATOR_BYTES) === LOCATOR;
  const endBytes = END_BYTES + (isWide ? END64_BYTES + LOCATOR_BYTES : 0);
  const at = tail.length - endBytes - FOOTER_BYTES - 4;
  if (at < 0 || tail.toString("latin1", at, at + 2) !== "EF") throw zippedAgain();
  return { footer: decodeFooter(tail.subarray(at + 4, at + 4 + FOOTER_BYTES)), endBytes };
}
