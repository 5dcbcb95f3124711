import type { Entry } from "../../archive/entry.js";
import { decodeLine, encodeEntry } from "../../archive/index/index-lines.js";
import { EnvpackError } from "../../support/errors.js";

/**
 * Compares what a frame was found to hold with what the index lists of it. Both are index lines, so
 * one comparison covers paths, kinds, modes, sizes, targets, digests, order and number.
 *
 * @param lines the lines that were found
 * @throws EnvpackError DIGEST_MISMATCH or ARCHIVE_CORRUPT naming the first entry that differs
 */
export function compareLines(lines: Uint8Array, listed: readonly Entry[]): void {
  const found = Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString("utf8");
  const expected = listed.map(encodeEntry);
  if (found === expected.join("")) return;
  const parts = found.split("\n").slice(0, -1);
  for (let index = 0; index < Math.max(parts.length, expected.length); index++) {
    const part = parts[index];
    const entry = listed[index];
    if (part !== undefined && entry !== undefined && expected[index] === `${part}\n`) continue;
    throw explainDifference(part, entry);
  }
}

function explainDifference(part: string | undefined, entry: Entry | undefined): EnvpackError {
  const line = part === undefined ? undefined : decodeLine(Buffer.from(part));
  const found = line?.kind === "entry" ? line.entry : undefined;
  if (entry === undefined) {
    return new EnvpackError("ARCHIVE_CORRUPT", "the archive holds an entry that its index does not list", { path: found?.path });
  }
  if (found === undefined || found.path !== entry.path) {
    return new EnvpackError("ARCHIVE_CORRUPT", "the archive lacks an entry that its index lists", { path: entry.path });
  }
  const bodies = found.type === "file" && entry.type === "file" && found.size === entry.size && found.executable === entry.executable;
  if (bodies) return new EnvpackError("DIGEST_MISMATCH", "the content of an entry is damaged", { path: entry.path });
  return new EnvpackError("ARCHIVE_CORRUPT", "an entry is not what the archive's index says", { path: entry.path });
}
