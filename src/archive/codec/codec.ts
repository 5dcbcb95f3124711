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
  /**
   * Compresses one frame.
   *
   * @param part whether the frame goes on with a file that an earlier frame began
   */
  encode(plain: Uint8Array, level: number | undefined, part: boolean): Uint8Array;
  /**
   * The content of exactly one frame, which must take all of `frame`.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT
   */
  decode(frame: Uint8Array): DecodedFrame;
  /** Wraps the footer so that other programs take it for nothing. */
  sealFooter(payload: Uint8Array): Uint8Array;
  /**
   * Bytes of the frame or the footer that begins at the start of `bytes`, found without decompressing;
   * null where more bytes are needed to tell. Not for the codec "none".
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
