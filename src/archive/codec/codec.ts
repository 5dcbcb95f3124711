import { EnvpackError } from "../../support/errors.js";
import { combineCrc32 } from "./crc32-combine.js";

/** How frames are read, as they stand in an archive. */
export interface Decoder {
  readonly name: string;
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
  /** How a tar of these frames ends, and is cut; null of a zip, which its directory cuts and ends. */
  readonly stream: StreamRules | null;
}

/**
 * How frames are compressed and how they stand in the archive. A frame is pure data: the same bytes,
 * level and codec give the same frame, in any thread.
 */
export interface Codec extends Decoder {
  readonly name: string;
  /** The lowest, the default and the highest level; null where there are none. */
  readonly levels: readonly [number, number, number] | null;
  /** Why there are no more levels than these, where the codec itself has more. */
  readonly levelsBecause?: string;
  /** What else decides a frame's bytes: the library, its version and its settings. */
  readonly recipe: string;
  /**
   * Compresses one frame.
   *
   * @param part whether the frame goes on with a file that an earlier frame began
   * @param behind of the last part of a file: the bytes behind its content, which a zip leaves out
   */
  encode(plain: Uint8Array, level: number | undefined, part: boolean, behind?: number): Uint8Array;
}

/** What holds for a tar that is written, or read, from front to back. */
export interface StreamRules {
  /** Stands before the first frame, and counts as belonging to it. */
  readonly start: Uint8Array;
  /**
   * Wraps the footer so that other programs take it for nothing.
   *
   * @param tar all of the tar; its CRC-32 is right only where `endsWithSum` says so
   */
  wrapFooter(payload: Uint8Array, tar: TarSum): Uint8Array;
  /** What ends a tar of these frames that has no footer, as an image's layer has none; absent: nothing does. */
  end?(tar: TarSum): Uint8Array;
  /** The payload that was wrapped; where this is missing it stands in there as it is. */
  unwrapFooter?(wrapped: Buffer): Buffer;
  /** Whether the format ends with the sum of the tar: else nobody needs to make it. */
  readonly endsWithSum: boolean;
  /** What a wrapped footer says of the tar, its bytes modulo 2^32; null where it says nothing. */
  readTarSum(wrapped: Buffer): TarSum | null;
  /**
   * Bytes of the frame or the footer that begins at the start of `bytes`, found without decompressing;
   * null where more bytes are needed to tell. null itself where only the tar's headers tell.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT
   */
  readonly measure: ((bytes: Uint8Array) => Unit | null) | null;
}

/** The sum of a tar: CRC-32 and bytes. */
export interface TarSum {
  readonly crc32: number;
  readonly bytes: number;
}

/** The sum of nothing. */
export const NO_TAR: TarSum = { crc32: 0, bytes: 0 };

/** The sum of a tar and the frame behind it. */
export function addToSum({ crc32, bytes }: TarSum, frame: TarSum): TarSum {
  return { crc32: combineCrc32(crc32, frame.crc32, frame.bytes), bytes: bytes + frame.bytes };
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
export function decodeOrSalvage(codec: Decoder, frame: Uint8Array): DecodedFrame & { readonly fault: EnvpackError | null } {
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
  for (let low = 0, high = frame.length; low < high;) {
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
