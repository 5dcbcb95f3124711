import { createHash } from "node:crypto";
import { digestEntries } from "../../archive/digest-entries.js";
import { META, type Entry } from "../../archive/entry.js";
import { DOCUMENTS } from "./documents.js";

/** The name space of serial numbers that follow from what is packed: a UUID that was drawn once. */
const NAME_SPACE = Buffer.from("6f0f1a5e3c8b4d0f9a5b2d7c41e8a963", "hex");

/**
 * The digest by which a bill of materials is numbered: over the index lines of all entries but the bills themselves and
 * the record of fix-ups, which are written last. So the bill inside of an archive has the number of one made from it.
 */
export function digestForSerial(entries: readonly Entry[]): string {
  return digestEntries(entries.filter(({ path }) => path !== META.fixups && !DOCUMENTS.some((one) => one.arcpath === path)));
}

/** A UUID of version 5 (RFC 9562, 5.5) of a digest in hex. */
export function serialOf(digest: string): string {
  const bytes = createHash("sha1").update(NAME_SPACE).update(digest).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
