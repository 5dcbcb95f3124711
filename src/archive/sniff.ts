import { EnvpackError } from "../errors.js";
import { META } from "./entry.js";
import type { CodecName } from "./format.js";

/** So many bytes of an archive's start tell its codec. */
export const SNIFF_BYTES = 263;

/**
 * The codec of an archive by its first bytes, whatever its name says.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE
 */
export function sniffCodec(start: Buffer): CodecName {
  if (start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528) return "zstd";
  if (start.length >= 14 && start.readUInt16BE(0) === 0x1f8b) {
    if (start.readUInt8(3) === 4 && start.toString("latin1", 12, 14) === "EP") return "gzip";
    throw refuse("it is a gzip file that envpack did not make");
  }
  if (start.length >= 30 && start.readUInt32LE(0) === 0x04034b50) {
    const name = start.toString("utf8", 30, 30 + start.readUInt16LE(26));
    // A long root folder's name goes on behind what is looked at.
    if (name.endsWith(`${META.folder}/`) || start.readUInt16LE(26) > SNIFF_BYTES - 30) return "zip";
    throw refuse("it is a zip that envpack did not make");
  }
  if (start.toString("latin1", 257, 263) === "ustar\u0000") return "none";
  if (start.toString("latin1", 0, 4) === "hsqs") {
    throw new EnvpackError("USAGE", "a squashfs image is read where it is mounted", { hint: "mount -t squashfs -o loop,ro FILE DIR, or squashfuse FILE DIR, and name DIR" });
  }
  throw refuse(start.length === 0 ? "it is empty" : "it begins with none of the known formats");
}

function refuse(why: string): EnvpackError {
  return new EnvpackError("NOT_AN_ARCHIVE", `not an archive that envpack made: ${why}`);
}
