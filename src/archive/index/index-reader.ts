import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { damaged } from "../codec/codec.js";
import { META, type Entry } from "../entry.js";
import { headerOf } from "../tar/entry-header.js";
import { timeOfFile } from "../entry-times.js";
import { decodeHeader } from "../tar/header.js";
import { IndexDecoder, type ArchiveIndex, type IndexFrame } from "./index-file.js";
import { BLOCK, END_MARK, type TarHeader } from "../tar/header-fields.js";
import { exceeds, indexBounds, type DeclaredTotals } from "./declared-totals.js";
import { isIndexEnd } from "../tar/walk.js";
import { MAX_INDEX_BYTES } from "../../support/limits.js";

/** What the tar bytes of an index are given to, in whatever pieces they come; the first holds its whole header. */
export interface IndexSink {
  /** Takes the next bytes; returns those of them that belong to the index file. */
  push(tar: Buffer): Buffer;
}

/** Finds the index file in its tar bytes: checks header, padding and end mark, and holds no content. */
export class IndexBytes implements IndexSink {
  readonly #most: number;
  readonly #hash = createHash("sha256");
  #header: TarHeader | null = null;
  #taken = 0;
  #tail = Buffer.alloc(0);

  constructor(limits: DeclaredTotals) {
    this.#most = Math.min(MAX_INDEX_BYTES, indexBounds(limits).size);
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT */
  push(tar: Buffer): Buffer {
    const bytes = this.#header === null ? this.#takeHeader(tar) : tar;
    const content = bytes.subarray(0, Math.max(0, this.#size - this.#taken));
    this.#taken += content.length;
    this.#hash.update(content);
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(content.length)]);
    if (this.#tail.length > BLOCK + END_MARK) throw damaged("something stands behind its end mark");
    return content;
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT */
  finish(): { readonly header: TarHeader; readonly sha256: string; readonly bytes: number } {
    const header = this.#header;
    if (header === null || this.#taken !== this.#size || !isIndexEnd(this.#tail, this.#size)) throw damaged("its end mark is missing");
    return { header, sha256: this.#hash.digest("hex"), bytes: this.#size };
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

/** Finds the index file in its tar bytes and decodes it. */
export class IndexReader implements IndexSink {
  readonly #file: IndexBytes;
  readonly #decoder: IndexDecoder;

  constructor(limits: DeclaredTotals) {
    this.#file = new IndexBytes(limits);
    this.#decoder = new IndexDecoder(limits);
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT */
  push(tar: Buffer): Buffer {
    return this.#file.push(tar);
  }

  /** Decodes what `push` gave, in whatever pieces. @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT */
  decode(content: Buffer): void {
    this.#decoder.push(content);
  }

  /** What was decoded so far. */
  get frames(): readonly IndexFrame[] {
    return this.#decoder.frames;
  }

  get entries(): readonly Entry[] {
    return this.#decoder.entries;
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT */
  finish(): { readonly index: ArchiveIndex; readonly sha256: string; readonly bytes: number } {
    const { header, sha256, bytes } = this.#file.finish();
    const index = this.#decoder.finish();
    const own = headerOf({ type: "file", path: META.index, executable: false, size: bytes }, index, timeOfFile(index, sha256));
    if (!isDeepStrictEqual(header, own)) throw damaged("its index stands under a wrong name");
    return { index, sha256, bytes };
  }
}

/**
 * Reads an index again that was decoded before, to have its file: an archive that was changed meanwhile
 * is told by the digest, so nothing need be decoded twice. The bytes are worth nothing until this ends.
 *
 * @param read gives the index file's bytes, and its tar bytes to a sink
 * @param sha256 of the index file, in hex
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export async function* readIndexAgain(
  read: (sink: IndexSink) => AsyncGenerator<Buffer>,
  limits: DeclaredTotals,
  sha256: string,
): AsyncGenerator<Buffer> {
  const file = new IndexBytes(limits);
  yield* read(file);
  if (file.finish().sha256 !== sha256) throw damaged("its index changed while it was read");
}
