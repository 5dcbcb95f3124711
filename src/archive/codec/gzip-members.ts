import { constants, gunzipSync, inflateRawSync } from "node:zlib";
import { FRAME_MAX } from "../frame.js";
import { asBuffer, damaged, decodeLongest, type Decoder, type Unit } from "./codec.js";

/*
 * How a .tar.gz was written up to version 1 of the format: each frame a member as RFC 1952 has them, with
 * one extra subfield, so that a stream can be cut without inflating it:
 *   "EP", 5 bytes: length of the whole member, little-endian, and 1 for a part, else 0
 *   "EF": the footer, in an empty member
 */
const FIXED = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff]);
const EXTRA = FIXED.length + 2;
const HEADER = EXTRA + 4 + 5;
const TRAILER = 8;
/** An empty deflate stream, its checksum and its length. */
const EMPTY = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** At least what any frame can become. */
const MEMBER_MAX = FRAME_MAX + (FRAME_MAX >>> 8) + 1024;

export const gzipMembers: Decoder = {
  name: "gzip-members",
  decode(bytes) {
    const frame = asBuffer(bytes);
    const unit = measure(frame);
    if (unit?.kind !== "frame" || unit.length !== frame.length) throw damaged("a gzip member has a wrong length");
    try {
      const { buffer, engine } = inflate(frame);
      if (engine.bytesWritten !== frame.length) throw damaged("a gzip member goes on behind its end");
      return { plain: buffer, part: frame[EXTRA + 8] === 1 };
    } catch (error) {
      throw damaged("a gzip member cannot be inflated", error);
    }
  },
  salvage(bytes) {
    const frame = asBuffer(bytes);
    const options = { maxOutputLength: FRAME_MAX, finishFlush: constants.Z_SYNC_FLUSH };
    const body = frame.subarray(HEADER, -TRAILER);
    return { plain: decodeLongest(body, (prefix) => inflateRawSync(prefix, options)), part: frame[EXTRA + 8] === 1 };
  },
  stream: { start: new Uint8Array(), endsWithSum: false, wrapFooter: wrapFooterMember, readTarSum: () => null, measure },
};

/** The footer in a member that holds nothing. */
export function wrapFooterMember(payload: Uint8Array): Buffer {
  return Buffer.concat([memberHeader("EF", payload), EMPTY]);
}

/** A member's header with one subfield of the extra field. */
export function memberHeader(id: string, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(EXTRA + 4);
  header.set(FIXED);
  header.writeUInt16LE(4 + payload.length, FIXED.length);
  header.write(id, EXTRA, "latin1");
  header.writeUInt16LE(payload.length, EXTRA + 2);
  return Buffer.concat([header, payload]);
}

/** With the `info` option Node also gives the engine, which knows how much it consumed. */
function inflate(frame: Buffer): { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } } {
  const options = { info: true, maxOutputLength: FRAME_MAX, chunkSize: (frame.readUInt32LE(frame.length - 4) % FRAME_MAX) + 64 };
  return gunzipSync(frame, options) as unknown as ReturnType<typeof inflate>;
}

function measure(bytes: Uint8Array): Unit | null {
  const member = asBuffer(bytes);
  const known = Math.min(member.length, FIXED.length);
  if (member.compare(FIXED, 0, known, 0, known) !== 0) throw damaged("a gzip member is not one of ours");
  if (member.length < HEADER) return null;
  const extra = member.readUInt16LE(FIXED.length);
  const id = member.toString("latin1", EXTRA, EXTRA + 2);
  if (extra !== member.readUInt16LE(EXTRA + 2) + 4) throw damaged("a gzip member has a wrong extra field");
  if (id === "EF") return { kind: "footer", length: EXTRA + extra + EMPTY.length };
  const length = member.readUInt32LE(EXTRA + 4);
  if (id !== "EP" || extra !== 9 || (member[EXTRA + 8] ?? 2) > 1 || length < HEADER + TRAILER || length > MEMBER_MAX) {
    throw damaged("a gzip member has a wrong extra field");
  }
  return { kind: "frame", length };
}
