import type { TarShape } from "../../archive/tar/entry-header.js";
import type { FooterFields } from "../../archive/footer.js";
import type { GatheredIndex, Compress } from "../write/index-writer.js";
import type { PackedFrame } from "../write/packed-frame.js";

/** What an archive puts around the frames that a codec makes: a tar next to nothing, a zip its directory. */
export interface ContainerWriter {
  /**
   * Takes a frame, in order, that will stand at `at`.
   *
   * @returns what stands before the frame, and behind it, and belongs to it
   */
  add(packed: PackedFrame, at: number): { readonly before: Uint8Array; readonly behind: Uint8Array };
  /** Bytes that stand behind an index file of so many; null where it ends with its last piece. */
  behindIndex(size: number): Uint8Array | null;
  /** The frames of the index, which will begin at `at`, and the footer that goes with them. */
  addIndex(index: GatheredIndex, at: number, shape: TarShape, compress: Compress): Promise<FinishedIndex>;
  /** All that stands behind the index, which ends at `at`. */
  end(at: number, footer: Uint8Array): Iterable<Uint8Array>;
}

export interface FinishedIndex {
  readonly frames: readonly Uint8Array[];
  readonly footer: FooterFields;
}

export const NO_BYTES = new Uint8Array();

/** Bytes of all. */
export function sumLengths(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
