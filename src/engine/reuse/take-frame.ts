import { hash } from "node:crypto";
import { readSync } from "node:fs";
import { encodeEntry } from "../../archive/index-lines.js";
import { detach, type Outcome } from "../messages.js";
import type { PackedFrame } from "../pack-frame.js";
import { fromColumns, type EntryColumns } from "../packed-entries.js";
import type { RememberedFrame } from "./records.js";

/** Where a frame stands that may be taken over, for a thread to do. */
export interface TakenFrame {
  /** Of the earlier archive; open for the whole process as long as there are tasks. */
  readonly descriptor: number;
  /** A RememberedFrame as JSON. */
  readonly record: string;
}

const DIGEST_BYTES = 32;

/**
 * A frame as it stands in an earlier archive; null where that does not hold what is remembered of it.
 *
 * @param columns of its entries; null of a piece, whose file has its line with the last one
 */
export function takeFrame({ descriptor, record }: TakenFrame, columns: EntryColumns | null): Outcome | null {
  const { at, size, sha256, tar, crc32, hits, binary, digests: remembered } = JSON.parse(record) as RememberedFrame;
  const frame = readFrame(descriptor, at, size);
  if (frame === null || hash("sha256", frame) !== sha256) return null;
  const digests = detach(Buffer.from(remembered, "base64"));
  const lines = detach(Buffer.from(columns === null ? "" : encodeLines(columns, Buffer.from(digests.buffer))));
  const result: PackedFrame = { frame, sha256, tar, crc32, lines, digests, hits, content: null, binary, isTaken: true };
  return { result, transfer: [frame.buffer, lines.buffer, digests.buffer] };
}

function readFrame(descriptor: number, at: number, size: number): Uint8Array<ArrayBuffer> | null {
  try {
    const frame = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const count = readSync(descriptor, frame, done, size - done, at + done);
      if (count === 0) return null;
      done += count;
    }
    return frame;
  } catch {
    // Then it is made.
    return null;
  }
}

/** The index lines of a frame's entries. */
function encodeLines(columns: EntryColumns, digests: Buffer): string {
  let lines = "";
  let at = 0;
  for (const entry of fromColumns(columns)) {
    if (entry.type === "file") lines += encodeEntry({ ...entry, sha256: digests.toString("hex", at, (at += DIGEST_BYTES)) });
    else lines += encodeEntry(entry);
  }
  return lines;
}
