import { damaged } from "../archive/codec/codec.js";
import { isOwn, META } from "../archive/entry.js";
import { CODECS } from "../archive/format.js";
import { MAX_ENTRIES } from "../archive/index-file.js";
import { MAX_INDEX_BYTES } from "../archive/index-reader.js";
import { exceeds, indexBounds } from "../archive/promise.js";
import { checkTree } from "../archive/tree.js";
import { EnvpackError } from "../errors.js";
import { MAX_FIXUPS } from "../relocate/fixup-file.js";
import type { FoundFrame } from "./extract-frame.js";
import { FolderWriter } from "./folder-writer.js";
import { IndexTaker } from "./index-taker.js";
import { LargeFile } from "./large-file.js";
import { Ledger } from "./ledger.js";
import type { ReadOptions, ReadResult, Target } from "./read-through.js";
import { release } from "../archive/release.js";
import type { Source, SourceFrame } from "./source.js";

/** The part of reading that needs the frames in order: large files, totals, the index. */
export class Reading {
  readonly #source: Source;
  readonly #options: ReadOptions;
  readonly #writer: FolderWriter | null;
  readonly #ledger: Ledger;
  readonly #index: IndexTaker;
  #large: { readonly file: LargeFile; readonly number: number } | null = null;
  /** Where the next frame begins in the archive. */
  #at = 0;
  #entries = 0;
  #bytes = 0;
  #frames = 0;
  /** Bytes of index lines that the ledger was given. */
  #lines = 0;
  readonly #own = new Set<string>();
  #fixups: Uint8Array | null = null;

  constructor(source: Source, target: Target, options: ReadOptions) {
    this.#source = source;
    this.#options = options;
    this.#writer = target.folder === null ? null : new FolderWriter(target.folder);
    this.#ledger = new Ledger(source.index);
    this.#index = new IndexTaker((target.only?.(META.index) ?? true) ? this.#writer : null, source.promised);
  }

  /**
   * Takes what was found of the next frame.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT, DIGEST_MISMATCH, ARCHIVE_LIMIT …
   */
  take(frame: SourceFrame, size: number, found: FoundFrame): void {
    const { tar, crc32, rest, open, lines } = found;
    if (found.fault !== null) this.#ledger.suspect(found.fault);
    const at = this.#at;
    this.#at += size;
    if (this.#index.begun || (!found.part && rest !== null)) {
      if (this.#source.index !== null || found.part !== this.#index.begun || rest === null) throw damaged("its frames are out of order");
      this.#index.take({ at, size, crc32 }, rest);
      return;
    }
    if (found.part !== (this.#large !== null)) throw damaged("its frames are out of order");
    this.#hold(found);
    const number = this.#ledger.addFrame(frame.number, { size, tar, crc32 });
    if (this.#large !== null) this.#takePiece(rest ?? new Uint8Array());
    else if (open !== null) this.#openLarge(open, number);
    else this.#ledger.addLines(number, lines);
    this.#fixups ??= found.fixups;
    this.#count(found.entries, found.bytes);
    this.#options.onProgress?.({ stage: this.#writer === null ? "checking" : "restoring", done: this.#bytes, total: this.#source.promised.bytes });
  }

  /** Settles what only the whole archive tells. */
  async finish(): Promise<ReadResult> {
    if (this.#large !== null) throw damaged(`it ends inside of ${JSON.stringify(this.#large.file.path)}`);
    const { index: known, start: { shape } } = this.#source;
    for await (const chunk of this.#source.readIndex()) this.#index.write(chunk);
    const index = known ?? this.#index.finish(this.#source.codec, this.#source.footer(), this.#options.signature);
    if (index.arcroot !== shape.arcroot || index.mtime !== shape.mtime || CODECS[index.format] !== this.#source.codec.name) {
      throw damaged("its index is not that of this archive");
    }
    if (known === null) checkTree(index.entries);
    this.#ledger.settle(index);
    return { index, bytes: index.totals.bytes, fixups: this.#fixups };
  }

  /** Closes what is open, whether reading came to its end or not. */
  close(): void {
    this.#large?.file.close();
    this.#index.close();
  }

  /** What a stream makes the ledger keep until its index comes is no more than an index may list. */
  #hold({ own, lines, open }: FoundFrame): void {
    this.#lines += lines.length;
    if (++this.#frames > indexBounds(this.#source.promised).frames || this.#lines > MAX_INDEX_BYTES) throw exceeds();
    for (const path of open !== null && isOwn(open.entry.path) ? [...own, open.entry.path] : own) {
      if (this.#own.has(path)) throw new EnvpackError("ARCHIVE_UNSAFE", "the archive holds this path twice", { path });
      this.#own.add(path);
    }
  }

  #openLarge({ entry, content, selected, crc32 }: NonNullable<FoundFrame["open"]>, number: number): void {
    const limit = entry.path === META.fixups ? MAX_FIXUPS : this.#source.promised.bytes - this.#bytes;
    if (!isOwn(entry.path) || entry.path === META.fixups) {
      if (entry.size > limit) throw exceeds(entry.path);
      if (entry.path !== META.fixups) this.#count(1, entry.size);
    }
    this.#large = { file: new LargeFile(entry, selected ? this.#writer : null, { keep: entry.path === META.fixups, crc32 }), number };
    this.#takePiece(content);
  }

  #takePiece(tar: Uint8Array): void {
    const isWhole = this.#large?.file.push(tar) === true;
    release(tar);
    if (this.#large === null || !isWhole) return;
    const { file, number } = this.#large;
    file.close();
    this.#fixups ??= file.content;
    this.#large = null;
    this.#ledger.addLines(number, Buffer.from(file.line()));
  }

  #count(entries: number, bytes: number): void {
    this.#entries += entries;
    this.#bytes += bytes;
    if (this.#entries > Math.min(this.#source.promised.entries, MAX_ENTRIES) || this.#bytes > this.#source.promised.bytes) throw exceeds();
  }
}
