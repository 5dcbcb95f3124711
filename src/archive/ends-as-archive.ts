import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { EnvpackError } from "../support/errors.js";
import { decodeFooterStreams, FOOTER as BZIP2_FOOTER } from "./codec/bzip2-streams.js";
import { SNIFF_BYTES } from "./formats.js";
import { decodeFooter, FOOTER_BYTES, FOOTER_MAGIC } from "./footer.js";
import { isLayout } from "./sniff.js";

/** More than stands from the footer on to the end of an archive of any format: a tar pads it to a block, a zip has records behind it, a tar.bz2 writes it in seven thousand bytes. */
const END = 8192;

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
    const found = end.subarray(0, count);
    if (count >= BZIP2_FOOTER && isFooter(decodeFooterStreams(found.subarray(-BZIP2_FOOTER)))) return true;
    const at = found.lastIndexOf(FOOTER_MAGIC);
    return at !== -1 && isFooter(end.subarray(at, at + FOOTER_BYTES));
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file begins as the tar of an image layout: those have no footer. */
export function beginsAsLayout(file: string): boolean {
  const descriptor = openSync(file, "r");
  try {
    const start = Buffer.alloc(SNIFF_BYTES);
    return isLayout(start.subarray(0, readSync(descriptor, start, 0, start.length, 0)));
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
