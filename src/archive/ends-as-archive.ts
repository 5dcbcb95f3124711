import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { EnvpackError } from "../errors.js";
import { decodeFooter, FOOTER_BYTES, FOOTER_MAGIC } from "./footer.js";

/** More than stands from the footer on to the end of an archive of any format: a tar pads it to a block, a zip has records behind it. */
const END = 1024;

/**
 * Whether a file ends as envpack's archives do, in any format but squashfs, whose images hold no footer. What
 * is in the file apart from that is not looked at.
 *
 * @param file absolute
 * @throws what the system says
 */
export function endsAsArchive(file: string): boolean {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const end = Buffer.alloc(Math.min(END, size));
    const count = readSync(descriptor, end, 0, end.length, size - end.length);
    const at = end.subarray(0, count).indexOf(FOOTER_MAGIC);
    return at !== -1 && isFooter(end.subarray(at, at + FOOTER_BYTES));
  } finally {
    closeSync(descriptor);
  }
}

function isFooter(payload: Buffer): boolean {
  try {
    decodeFooter(payload);
    return true;
  } catch (error) {
    return error instanceof EnvpackError && error.code === "ARCHIVE_TOO_NEW";
  }
}
