import { hash } from "node:crypto";
import { readSync } from "node:fs";
import { encodeEntry } from "../../archive/index/index-lines.js";
import type { LineBytes } from "../../archive/index/line-bytes.js";
import { detach, type Outcome } from "../threads/handler.js";
import type { FrameSlot } from "../write/frame-slots.js";
import type { PackedFrame } from "../write/packed-frame.js";
import { fromColumns, type EntryColumns } from "../write/packed-entries.js";
import type { RememberedFrame } from "./records.js";

/** Where a frame stands that may be taken over, for a thread to do. */
export interface TakenFrame {
  /** Of the earlier archive; open for the whole process as long as there are tasks. */
  readonly descriptor: number;
  /** Where it begins in its file. */
  readonly base: number;
  /** A RememberedFrame as JSON. */
  readonly record: string;
}

const DIGEST_BYTES = 32;

/**
 * A frame as it stands in an earlier archive; null where that does not hold what is remembered of it.
 *
 * @param columns of its entries; null of a piece, whose file has its line with the last one
 * @param slot where it goes, if it fits
 * @param lines gathers its index lines
 */
export function takeFrame(
  { descriptor, base, record }: TakenFrame,
  columns: EntryColumns | null,
  { slot, bytes }: FrameSlot,
  lines: LineBytes,
): Outcome | null {
  const { at, size, sha256, tar, tarCrc32, crc32, hits, binary, digests: remembered } = JSON.parse(record) as RememberedFrame;
  const isSlotted = slot !== null && size <= bytes.length;
  const read = isSlotted ? bytes.subarray(0, size) : new Uint8Array(size);
  if (!readFrame(descriptor, read, base + at) || hash("sha256", read) !== sha256) return null;
  const digests = detach(Buffer.from(remembered, "base64"));
  if (columns !== null) addLines(lines, columns, Buffer.from(digests.buffer));
  const own = lines.take();
  const slotted = isSlotted ? { slot, size } : undefined;
  const frame = isSlotted ? new Uint8Array() : detach(read);
  const result: PackedFrame = {
    frame,
    slotted,
    sha256,
    tar,
    tarCrc32,
    crc32,
    lines: own,
    digests,
    hits,
    piece: null,
    binary,
    isTaken: true,
  };
  return { result, transfer: [frame.buffer, own.buffer, digests.buffer] };
}

/** Fills `frame` with what stands at `at`; false where that cannot be had: then it is made. */
function readFrame(descriptor: number, frame: Uint8Array, at: number): boolean {
  try {
    for (let done = 0; done < frame.length;) {
      const count = readSync(descriptor, frame, done, frame.length - done, at + done);
      if (count === 0) return false;
      done += count;
    }
    return true;
  } catch {
    return false;
  }
}

/** Adds the index lines of a frame's entries. */
function addLines(lines: LineBytes, columns: EntryColumns, digests: Buffer): void {
  let at = 0;
  for (const entry of fromColumns(columns)) {
    if (entry.type === "file") lines.add(encodeEntry({ ...entry, sha256: digests.toString("hex", at, (at += DIGEST_BYTES)) }));
    else lines.add(encodeEntry(entry));
  }
}
