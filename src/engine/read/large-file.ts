import { createHash } from "node:crypto";
import { closeSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { damaged } from "../../archive/codec/codec.js";
import type { HeadedFile, TarShape } from "../../archive/tar/entry-header.js";
import { paddedSize } from "../../archive/tar/header-fields.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import { isZero } from "../../archive/tar/walk.js";
import { explainWrite, type FolderWriter } from "./folder-writer.js";
import { isTimed } from "../time-check.js";

/** A file that spans frames: the main thread hashes and writes its pieces in order. */
export class LargeFile {
  readonly #entry: HeadedFile;
  readonly #hash = createHash("sha256");
  readonly #fd: number | null;
  readonly #kept: Buffer[] | null;
  readonly #expectedCrc32: number | null;
  #crc32 = 0;
  #missing: number;

  /**
   * @param writer null to check and write nothing
   * @param keep whether the content is asked for afterwards
   * @param crc32 what its checksum has to be; null where only its digest counts
   */
  constructor(
    entry: HeadedFile,
    writer: FolderWriter | null,
    { keep, crc32: expected }: { readonly keep: boolean; readonly crc32: number | null },
  ) {
    this.#entry = entry;
    this.#kept = keep ? [] : null;
    this.#missing = entry.size;
    this.#expectedCrc32 = expected;
    this.#fd = writer === null ? null : writer.create(entry.path, entry.executable);
  }

  get path(): string {
    return this.#entry.path;
  }

  get size(): number {
    return this.#entry.size;
  }

  /** The content, where it was kept. */
  get content(): Buffer | null {
    return this.#kept === null ? null : Buffer.concat(this.#kept);
  }

  /**
   * Takes the next tar bytes; with the last ones, the padding behind the file.
   *
   * @returns whether the file is whole now
   */
  push(tar: Uint8Array): boolean {
    const bytes = Buffer.from(tar.buffer, tar.byteOffset, tar.length);
    const content = bytes.subarray(0, this.#missing);
    if (this.#missing === 0 || content.length === 0) throw damaged("a frame goes on with a file that is whole");
    this.#missing -= content.length;
    this.#hash.update(content);
    if (this.#expectedCrc32 !== null) this.#crc32 = crc32(content, this.#crc32);
    this.#kept?.push(Buffer.from(content));
    this.#write(content);
    if (this.#missing > 0) return false;
    if (this.#expectedCrc32 !== null && this.#crc32 !== this.#expectedCrc32)
      throw damaged("the checksum of an entry is wrong", undefined, this.path);
    const padding = paddedSize(this.#entry.size) - this.#entry.size;
    if (bytes.length !== content.length + padding || !isZero(bytes, content.length, bytes.length)) throw damaged("padding is not empty");
    return true;
  }

  /** The index line, once the file is whole, and whether the file has the time that it must have. */
  finish(shape: TarShape): { readonly line: string; readonly isTimed: boolean } {
    const sha256 = this.#hash.digest("hex");
    return { line: encodeEntry({ ...this.#entry, sha256 }), isTimed: isTimed(this.#entry.mtime, shape, sha256) };
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }

  #write(content: Buffer): void {
    if (this.#fd === null) return;
    try {
      for (let done = 0; done < content.length;) done += writeSync(this.#fd, content, done);
    } catch (error) {
      throw explainWrite(error, this.#entry.path);
    }
  }
}
