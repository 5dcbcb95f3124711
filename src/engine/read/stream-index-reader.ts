import { chainCrc32, type FooterFields } from "../../archive/footer.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { IndexReader } from "../../archive/index/index-reader.js";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { IndexFile } from "./index-file.js";

/** Takes the index of a stream frame by frame, and has the index file written. */
export class StreamIndexReader {
  readonly #file: IndexFile;
  readonly #reader: IndexReader;
  #at = 0;
  #size = 0;
  #tar = 0;
  #crc32 = 0;

  constructor(file: IndexFile, limits: DeclaredTotals) {
    this.#file = file;
    this.#reader = new IndexReader(limits);
  }

  get begun(): boolean {
    return this.#size > 0;
  }

  /** Takes the next of the index's frames: its place in the archive, and the tar bytes in it. */
  take({ at, size, crc32 }: { readonly at: number; readonly size: number; readonly crc32: number }, tar: Uint8Array): void {
    if (!this.begun) this.#at = at;
    this.#crc32 = chainCrc32(this.#crc32, crc32);
    this.#size += size;
    this.#tar += tar.length;
    const content = this.#reader.push(Buffer.from(tar.buffer, tar.byteOffset, tar.length));
    this.#reader.decode(content);
    this.#file.write(content);
  }

  /** The index, once all of it was taken, and the footer that it must have. */
  finish(): { readonly index: ArchiveIndex; readonly fields: FooterFields } {
    const { index, sha256, bytes } = this.#reader.finish();
    const fields = {
      indexAt: this.#at,
      indexSize: this.#size,
      indexTar: this.#tar,
      indexBytes: bytes,
      indexSha256: sha256,
      indexCrc32: this.#crc32,
    };
    return { index, fields };
  }
}
