import { EnvpackError } from "../../errors.js";
import type { CodecName } from "../format.js";

/**
 * How frames are compressed and how they stand in the archive. A frame is pure data: the same bytes,
 * level and codec give the same frame, in any thread.
 */
export interface Codec {
  readonly name: CodecName;
  /** The lowest, the default and the highest level; null where there are none. */
  readonly levels: readonly [number, number, number] | null;
  /** What else decides a frame's bytes: the library, its version and its settings. */
  readonly recipe: string;
  /**
   * Compresses one frame.
   *
   * @param part whether the frame goes on with a file that an earlier frame began
   * @param behind of the last part of a file: the bytes behind its content, which a zip leaves out
   */
  encode(plain: Uint8Array, level: number | undefined, part: boolean, behind?: number): Uint8Array;
  /**
   * The content of exactly one frame, which must take all of `frame`.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT
   */
  decode(frame: Uint8Array): DecodedFrame;
  /**
   * As much of a damaged frame's content as can be had, wrong bytes included, to tell which entry is
   * damaged; empty where nothing can be had.
   */
  salvage(frame: Uint8Array): DecodedFrame;
  /** Wraps the footer so that other programs take it for nothing. Not for the codec "zip". */
  sealFooter(payload: Uint8Array): Uint8Array;
  /**
   * Bytes of the frame or the footer that begins at the start of `bytes`, found without decompressing;
   * null where more bytes are needed to tell. Not for the codecs "none" and "zip".
   *
   * @throws EnvpackError ARCHIVE_CORRUPT
   */
  measure(bytes: Uint8Array): Unit | null;
}

export interface DecodedFrame {
  readonly plain: Buffer;
  /** null where the codec cannot tell. */
  readonly part: boolean | null;
}

export interface Unit {
  readonly kind: "frame" | "footer";
  readonly length: number;
}

export function damaged(what: string, cause?: unknown, path?: string): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", `the archive is damaged: ${what}`, { cause, path });
}

/** A view of the same bytes with Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A frame's content. That of a damaged one is given as far as it goes, with what is wrong with it: if
 * all of it is there, the digest of the entry at fault tells its name.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT where nothing of it can be had
 */
export function decodeOrSalvage(codec: Codec, frame: Uint8Array): DecodedFrame & { readonly fault: EnvpackError | null } {
  try {
    return { ...codec.decode(frame), fault: null };
  } catch (error) {
    if (!(error instanceof EnvpackError)) throw error;
    const saved = codec.salvage(frame);
    if (saved.plain.length === 0) throw error;
    return { ...saved, fault: error };
  }
}

/** The longest prefix of a frame that can be decoded, found by halving. */
export function decodeLongest(frame: Buffer, decodePrefix: (prefix: Buffer) => Buffer): Buffer {
  let best: Buffer = Buffer.alloc(0);
  for (let low = 0, high = frame.length; low < high; ) {
    const middle = (low + high + 1) >>> 1;
    try {
      best = decodePrefix(frame.subarray(0, middle));
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return best;
}
