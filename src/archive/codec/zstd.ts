import * as zlib from "node:zlib";
import { FRAME_MAX } from "../frame.js";
import { asBuffer, damaged, decodeLongest, type Codec } from "./codec.js";
import { inspectZstd, measureZstd, PART_MARK, wrapFooter, startsAsPart } from "./zstd-frame.js";

/** Compresses and decompresses single zstd frames; what differs from runtime to runtime. */
export interface ZstdEngine {
  /** As `Codec.recipe`. */
  readonly recipe: string;
  /** Highest level that it has memory for, and why it has for no more. */
  readonly maxLevel: number;
  readonly maxLevelBecause?: string;
  /** One frame that says its content's size. */
  compress(plain: Uint8Array, level: number): Uint8Array;
  /** @throws where the frame cannot be decompressed */
  decompress(frame: Uint8Array, plainSize: number): Buffer;
  /** What the start of a frame holds. @throws where that is damaged */
  decompressPrefix(prefix: Uint8Array): Buffer;
}

const DEFAULT_LEVEL = 3;

/** At least what any frame can become: asked for at once, it spares zlib a copy and zstd its own buffer. */
const OUTPUT_MAX = FRAME_MAX + (FRAME_MAX >>> 7);

/**
 * A window of the whole frame: 1.5 % smaller than with the 2 MiB that zstd takes for level 3. Tables of
 * half the size at that level fit into a processor's own cache: a tenth faster, and what the window won is
 * as much as they lose.
 */
const WINDOW_LOG = 22;
const SMALL_TABLES = { hashLog: 16, chainLog: 14 };

/** zstd frames around whichever engine this runtime has. */
export function makeZstd(engine: ZstdEngine): Codec {
  return {
    name: "zstd",
    levels: [1, DEFAULT_LEVEL, engine.maxLevel],
    levelsBecause: engine.maxLevelBecause,
    recipe: engine.recipe,
    encode(plain, level, part) {
      const frame = engine.compress(plain, level ?? DEFAULT_LEVEL);
      return part ? Buffer.concat([PART_MARK, frame]) : frame;
    },
    decode(bytes) {
      const frame = asBuffer(bytes);
      const { part, start, plain } = inspectZstd(frame);
      const content = decompress(engine, frame.subarray(start), plain);
      if (content.length !== plain) throw damaged("a zstd frame does not hold what it says");
      return { plain: content, part };
    },
    salvage(bytes) {
      const frame = asBuffer(bytes);
      const part = startsAsPart(frame);
      const body = part ? frame.subarray(PART_MARK.length) : frame;
      return { plain: decodeLongest(body, (prefix) => engine.decompressPrefix(prefix)), part };
    },
    stream: {
      start: new Uint8Array(),
      endsWithSum: false,
      wrapFooter,
      readTarSum: () => null,
      measure: (bytes) => measureZstd(asBuffer(bytes)),
    },
  };
}

function decompress(engine: ZstdEngine, frame: Buffer, plainSize: number): Buffer {
  try {
    return engine.decompress(frame, plainSize);
  } catch (error) {
    throw damaged("a zstd frame cannot be decompressed", error);
  }
}

/** The runtime's own zstd (Node 22.15 and later), or null. */
export function nativeEngine(): ZstdEngine | null {
  if (typeof zlib.zstdCompressSync !== "function") return null;
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_windowLog, ZSTD_c_hashLog, ZSTD_c_chainLog } = zlib.constants;
  const tables = { [ZSTD_c_hashLog]: SMALL_TABLES.hashLog, [ZSTD_c_chainLog]: SMALL_TABLES.chainLog };
  return {
    recipe: `zstd ${process.versions.zstd ?? ""} ${JSON.stringify([WINDOW_LOG, SMALL_TABLES])}`,
    maxLevel: 19,
    compress(plain, level) {
      const all = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1, [ZSTD_c_windowLog]: WINDOW_LOG };
      const params = level === DEFAULT_LEVEL ? { ...all, ...tables } : all;
      return zlib.zstdCompressSync(plain, { params, pledgedSrcSize: plain.length, chunkSize: OUTPUT_MAX });
    },
    decompress(frame, plainSize) {
      // One more byte of room tells the decoder that it is done, without a second chunk.
      return zlib.zstdDecompressSync(frame, { maxOutputLength: Math.max(1, plainSize), chunkSize: Math.max(64, plainSize + 1) });
    },
    decompressPrefix: (prefix) => zlib.zstdDecompressSync(prefix, { maxOutputLength: FRAME_MAX, finishFlush: zlib.constants.ZSTD_e_flush }),
  };
}
