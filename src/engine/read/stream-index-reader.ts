import { closeSync, writeSync } from "node:fs";
import { META } from "../../archive/entry.js";
import { chainCrc32, type FooterFields } from "../../archive/footer.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { IndexReader } from "../../archive/index/index-reader.js";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import { explainWrite, type FolderWriter } from "./folder-writer.js";

/** Takes the index of a stream frame by frame, and writes the index file where it is wanted. */
export class StreamIndexReader {
  readonly #writer: FolderWriter | null;
  readonly #reader: IndexReader;
  #fd: number | null = null;
  #at = 0;
  #size = 0;
  #tar = 0;
  #crc32 = 0;

  /** @param writer null to write nothing */
  constructor(writer: FolderWriter | null, limits: DeclaredTotals) {
    this.#writer = writer;
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
    this.write(this.#reader.push(Buffer.from(tar.buffer, tar.byteOffset, tar.length)));
  }

  /** Writes bytes of the index file. */
  write(content: Uint8Array): void {
    if (this.#writer === null) return;
    this.#fd ??= this.#writer.create(META.index, false);
    try {
      for (let done = 0; done < content.length;) done += writeSync(this.#fd, content, done);
    } catch (error) {
      throw explainWrite(error, META.index);
    }
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

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
