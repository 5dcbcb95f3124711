import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { damaged } from "./codec/codec.js";
import { META } from "./entry.js";
import { headerOf } from "./entry-header.js";
import { decodeHeader } from "./header.js";
import { IndexDecoder, type ArchiveIndex } from "./index-file.js";
import { BLOCK, END_MARK, type TarHeader } from "./header-fields.js";
import { exceeds, indexBounds, type Promised } from "./promise.js";
import { isIndexEnd } from "./walk.js";

/** Most bytes of an index: about five million entries. */
export const MAX_INDEX_BYTES = 1 << 30;

/** What the tar bytes of an index are given to, in order. */
export interface IndexSink {
  /** Takes the next bytes; returns those of them that belong to the index file. */
  push(tar: Buffer): Buffer;
}

/**
 * Takes the tar bytes of the index in whatever pieces they come (the first holds its whole header): the
 * header, the index, its padding and the end mark. Holds none of them.
 */
export class IndexReader implements IndexSink {
  readonly #decoder: IndexDecoder;
  readonly #most: number;
  readonly #hash = createHash("sha256");
  #header: TarHeader | null = null;
  #taken = 0;
  #tail = Buffer.alloc(0);

  constructor(promised: Promised) {
    this.#decoder = new IndexDecoder(promised);
    this.#most = Math.min(MAX_INDEX_BYTES, indexBounds(promised).size);
  }

  /**
   * Takes the next bytes; returns those of them that belong to the index file.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT
   */
  push(tar: Buffer): Buffer {
    const bytes = this.#header === null ? this.#takeHeader(tar) : tar;
    const content = bytes.subarray(0, Math.max(0, this.#size - this.#taken));
    this.#taken += content.length;
    this.#hash.update(content);
    this.#decoder.push(content);
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(content.length)]);
    if (this.#tail.length > BLOCK + END_MARK) throw damaged("something stands behind its end mark");
    return content;
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT */
  finish(): { readonly index: ArchiveIndex; readonly sha256: string; readonly bytes: number } {
    const header = this.#header;
    if (header === null || this.#taken !== this.#size || !isIndexEnd(this.#tail, this.#size)) throw damaged("its end mark is missing");
    const index = this.#decoder.finish();
    const own = headerOf({ type: "file", path: META.index, executable: false, size: this.#size }, index);
    if (!isDeepStrictEqual(header, own)) throw damaged("its index stands under a wrong name");
    return { index, sha256: this.#hash.digest("hex"), bytes: this.#size };
  }

  get #size(): number {
    return this.#header?.size ?? 0;
  }

  #takeHeader(tar: Buffer): Buffer {
    const decoded = decodeHeader(tar, 0);
    if (decoded === null) throw damaged("its index is not where it should be");
    if (decoded.header.size > this.#most) throw exceeds();
    this.#header = decoded.header;
    return tar.subarray(decoded.length);
  }
}

/**
 * Takes the tar bytes of an index that was decoded before, to have the file of it again: an archive that
 * was changed meanwhile is told by its length and its digest, so that nothing need be decoded twice.
 */
export class KnownIndex implements IndexSink {
  readonly #hash = createHash("sha256");
  readonly #size: number;
  readonly #sha256: string;
  #header = true;
  #taken = 0;

  /** @param known what the footer says of the index file, its digest in hex */
  constructor(known: { readonly indexBytes: number; readonly indexSha256: string }) {
    this.#size = known.indexBytes;
    this.#sha256 = known.indexSha256;
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT before the last bytes of another index are given */
  push(tar: Buffer): Buffer {
    const bytes = this.#header ? tar.subarray(decodeHeader(tar, 0)?.length ?? tar.length) : tar;
    this.#header = false;
    const content = bytes.subarray(0, this.#size - this.#taken);
    if (content.length === 0) return content;
    this.#hash.update(content);
    this.#taken += content.length;
    if (this.#taken === this.#size && this.#hash.digest("hex") !== this.#sha256) throw damaged("its index changed while it was read");
    return content;
  }
}
