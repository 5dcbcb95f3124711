import { crc32 } from "node:zlib";
import { asBuffer } from "../../archive/codec/codec.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { chainCrc32 } from "../../archive/footer.js";
import { behindIndex, headerOfIndex } from "../../archive/index/index-header.js";
import { ZipDirectoryWriter, type PlacedEntry } from "../../archive/zip/directory-writer.js";
import { encodeDescriptor, encodeLocal } from "../../archive/zip/headers.js";
import { zipIndexEntry } from "../../archive/zip/index-entry.js";
import type { GatheredIndex } from "../write/index-writer.js";
import type { PackedFrame } from "../write/packed-frame.js";
import { NO_BYTES, sumLengths, type ContainerWriter, type FinishedIndex } from "./container.js";

/** A zip's entries behind each other, and the directory, whose last record holds the footer. */
export class ZipWriter implements ContainerWriter {
  readonly #directory = new ZipDirectoryWriter();
  #index: PlacedEntry | null = null;

  add({ frame, piece }: PackedFrame, at: number): { readonly before: Uint8Array; readonly behind: Uint8Array } {
    return { before: NO_BYTES, behind: this.#directory.take(asBuffer(frame), at, piece) ?? NO_BYTES };
  }

  /** A zip has neither the padding nor the end mark of a tar. */
  behindIndex(): null {
    return null;
  }

  /** It is one frame to the footer, since nothing tells its pieces apart. */
  async addIndex({ bytes, sha256, crc32: fileCrc32, pieces }: GatheredIndex, at: number, shape: TarShape): Promise<FinishedIndex> {
    const entry = zipIndexEntry({ size: bytes, crc32: fileCrc32, packed: sumLengths(pieces) }, sha256, shape);
    this.#index = { entry, at };
    const frames = [encodeLocal(entry), ...pieces, encodeDescriptor(entry)];
    const indexCrc32 = chainCrc32(
      0,
      frames.reduce((chain, frame) => crc32(frame, chain), 0),
    );
    const indexTar = headerOfIndex(bytes, sha256, shape).length + bytes + behindIndex(bytes);
    return { frames, footer: { indexAt: at, indexSize: sumLengths(frames), indexTar, indexBytes: bytes, indexSha256: sha256, indexCrc32 } };
  }

  *end(at: number, footer: Uint8Array): Generator<Uint8Array> {
    if (this.#index === null) throw new Error("a zip ends with its index");
    yield* this.#directory.finish(at, this.#index, footer);
  }
}
