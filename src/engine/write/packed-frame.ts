import type { FileHits } from "../../scan/scan.js";
import type { SlottedFrame } from "./frame-slots.js";
import type { ContentDigest } from "./read-content.js";

/** A frame that was made. */
export interface PackedFrame {
  /** As it stands in the archive; on the way between threads empty where it is in a slot. */
  readonly frame: Uint8Array;
  /** Absent: it has a buffer of its own. */
  readonly slotted?: SlottedFrame;
  readonly crc32: number;
  /** Tar bytes in it, and their CRC-32. */
  readonly tar: number;
  readonly tarCrc32: number;
  /** The tar itself, where that was wanted. */
  readonly tarBytes?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of `frame` in hex, where that was wanted; else "". */
  readonly sha256: string;
  /** The index lines of its entries; none of a piece. */
  readonly lines: Uint8Array;
  /** SHA-256 of its files, 32 bytes each; of a piece that of the whole file, where it is known (or was needed before it was packed), else none. */
  readonly digests: Uint8Array;
  readonly hits: readonly FileHits[];
  /** Of a piece that was made. */
  readonly piece: PackedPiece | null;
  /** Of a piece: whether it holds a NUL. */
  readonly binary: boolean;
  /** Whether it was taken over from an earlier archive. */
  readonly isTaken: boolean;
}

/** What a frame holds of a file that spans frames. */
export interface PackedPiece {
  /** Of content, and its CRC-32. */
  readonly bytes: number;
  readonly crc32: number;
  /** The digest of the whole file, with its first piece. */
  readonly whole: ContentDigest | null;
}
