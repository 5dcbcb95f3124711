import { FRAME_MAX } from "../frame.js";
import { decodeFooterStreams, decodeMark, digitAt, encodeFooterStreams, encodeMark, FOOTER, MARK } from "./bzip2-streams.js";
import { asBuffer, damaged, type Codec, type Unit } from "./codec.js";
import { askVersion, pipeThrough, type Program } from "./program.js";

/*
 * Each frame is a bzip2 stream, made by the program bzip2, behind streams that hold nothing and tell its length: any
 * bzip2 reads streams behind each other as one.
 */
const PROGRAM: Program = { name: "bzip2", from: "bzip2", format: "tar.bz2" };
const DEFAULT_LEVEL = 9;
/** The shortest stream, and the longest that a frame becomes. */
const STREAM_MIN = 14;
const STREAM_MAX = 2 * FRAME_MAX;

/** bzip2 frames through the program. */
export async function loadBzip2(): Promise<Codec> {
  askVersion(PROGRAM);
  return bzip2;
}

const bzip2: Codec = {
  name: "bzip2",
  levels: [1, DEFAULT_LEVEL, 9],
  // Its bytes have been the same since 1.0.
  recipe: "bzip2 1",
  encode(plain, level, part) {
    const body = pipeThrough(PROGRAM, ["-z", "-c", "-q", `-${level ?? DEFAULT_LEVEL}`], plain);
    return Buffer.concat([encodeMark(body.length, part), body]);
  },
  decode(bytes) {
    const frame = asBuffer(bytes);
    const mark = decodeMark(frame);
    if (mark === null || MARK + mark.length !== frame.length) throw damaged("a bzip2 stream has a wrong length");
    return { plain: pipeThrough(PROGRAM, ["-d", "-c", "-q"], frame.subarray(MARK), FRAME_MAX), part: mark.part };
  },
  // The program gives nothing of a block whose checksum is wrong.
  salvage: (frame) => ({ plain: Buffer.alloc(0), part: decodeMark(asBuffer(frame))?.part ?? null }),
  stream: {
    start: new Uint8Array(),
    wrapFooter: encodeFooterStreams,
    unwrapFooter: decodeFooterStreams,
    endsWithSum: false,
    readTarSum: () => null,
    measure,
  },
};

function measure(given: Uint8Array): Unit | null {
  const bytes = asBuffer(given);
  if (bytes.length < MARK) return null;
  if (digitAt(bytes, 0) === 9) return { kind: "footer", length: FOOTER };
  const mark = decodeMark(bytes);
  if (mark === null || mark.length < STREAM_MIN || mark.length > STREAM_MAX) throw damaged("a bzip2 stream is not one of ours");
  return { kind: "frame", length: MARK + mark.length };
}
