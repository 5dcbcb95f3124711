import { closeSync, writeSync } from "node:fs";
import { damaged, type Codec } from "../archive/codec/codec.js";
import { META } from "../archive/entry.js";
import { chainCrc32, signedPart } from "../archive/footer.js";
import type { ArchiveIndex } from "../archive/index-file.js";
import { IndexReader } from "../archive/index-reader.js";
import type { Promised } from "../archive/promise.js";
import { unsealFooter } from "../archive/seal.js";
import { requireSignature, type SignatureRule } from "../archive/signing/rule.js";
import { explainWrite, type FolderWriter } from "./folder-writer.js";

/** Takes the index of a stream frame by frame, and writes the index file where it is wanted. */
export class IndexTaker {
  readonly #writer: FolderWriter | null;
  readonly #reader: IndexReader;
  #fd: number | null = null;
  #at = 0;
  #size = 0;
  #tar = 0;
  #crc32 = 0;

  /** @param writer null to write nothing */
  constructor(writer: FolderWriter | null, promised: Promised) {
    this.#writer = writer;
    this.#reader = new IndexReader(promised);
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
      for (let done = 0; done < content.length; ) done += writeSync(this.#fd, content, done);
    } catch (error) {
      throw explainWrite(error, META.index);
    }
  }

  /** The index, once all of it was taken and the footer is the one that it must have. */
  finish(codec: Codec, sealed: Buffer | null, rule: SignatureRule | undefined): ArchiveIndex {
    const { index, sha256, bytes } = this.#reader.finish();
    const expected = signedPart({
      indexAt: this.#at,
      indexSize: this.#size,
      indexTar: this.#tar,
      indexBytes: bytes,
      indexSha256: sha256,
      indexCrc32: this.#crc32,
    });
    const footer = sealed === null ? null : unsealFooter(sealed, codec);
    if (footer === null || !signedPart(footer).equals(expected)) throw damaged("its footer is not that of its index");
    if (rule !== undefined) requireSignature(footer, rule);
    return index;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
