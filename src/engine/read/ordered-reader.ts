import { addToSum, damaged, NO_TAR } from "../../archive/codec/codec.js";
import { isOwn, META } from "../../archive/entry.js";
import { isWrittenBy } from "../../archive/formats.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { exceeds, indexBounds } from "../../archive/index/declared-totals.js";
import { checkTarSum } from "../../archive/wrapped-footer.js";
import { checkTree } from "../../archive/tree.js";
import { EnvpackError } from "../../support/errors.js";
import { MAX_FIXUPS, MAX_INDEX_BYTES, MAX_ENTRIES } from "../../support/limits.js";
import type { FoundFrame } from "./extract-frame.js";
import { FolderWriter } from "./folder-writer.js";
import type { IndexFile } from "./index-file.js";
import { StreamIndexReader } from "./stream-index-reader.js";
import { LargeFile } from "./large-file.js";
import { FrameVerifier } from "./frame-verifier.js";
import type { ReadOptions, ReadResult, Target } from "./read-request.js";
import { checkTail, type Tail } from "./tail.js";
import { release } from "../../archive/release.js";
import type { Source, SourceFrame } from "./source.js";
import { TimeCheck } from "../time-check.js";

/** The part of reading that needs the frames in order: large files, totals, the index. */
export class OrderedReader {
  readonly #source: Source;
  readonly #options: ReadOptions;
  readonly #writer: FolderWriter | null;
  readonly #verifier: FrameVerifier;
  readonly #index: StreamIndexReader;
  readonly #times = new TimeCheck();
  #sum = NO_TAR;
  #large: { readonly file: LargeFile; readonly number: number } | null = null;
  /** Where the next frame begins in the archive. */
  #at = 0;
  #entries = 0;
  #bytes = 0;
  #frames = 0;
  /** Bytes of index lines that the verifier was given. */
  #lines = 0;
  readonly #own = new Set<string>();
  #fixups: Uint8Array | null = null;

  /** @param indexFile gets the index of a stream; that of a file is written when it is read */
  constructor(source: Source, target: Target, options: ReadOptions, indexFile: IndexFile) {
    this.#source = source;
    this.#options = options;
    this.#writer = target.folder === null ? null : new FolderWriter(target.folder);
    this.#verifier = new FrameVerifier(source.listed);
    this.#index = new StreamIndexReader(indexFile, source.limits);
  }

  /**
   * Takes what was found of the next frame.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT, DIGEST_MISMATCH, ARCHIVE_LIMIT …
   */
  take(frame: SourceFrame, found: FoundFrame): void {
    const { rest, open, lines } = found;
    if (found.fault !== null) this.#verifier.suspect(found.fault);
    const at = this.#at;
    for (const { size, tar, tarCrc32 } of found.frames) {
      this.#at += size;
      this.#sum = addToSum(this.#sum, { crc32: tarCrc32, bytes: tar });
    }
    if (this.#index.begun || (!found.part && rest !== null)) {
      if (this.#source.file !== null || found.part !== this.#index.begun || rest === null) throw damaged("its frames are out of order");
      for (const { size, crc32 } of found.frames) this.#index.take({ at, size, crc32 }, rest);
      return;
    }
    if (found.part !== (this.#large !== null)) throw damaged("its frames are out of order");
    this.#hold(found);
    const number = this.#verifier.addFrames(frame.number, found.frames);
    if (this.#large !== null) this.#takePiece(rest ?? new Uint8Array());
    else if (open !== null) this.#openLarge(open, number);
    else this.#verifier.addLines(number, lines);
    this.#fixups ??= found.fixups;
    this.#times.note(found.strange, found.links);
    this.#count(found.entries, found.bytes);
    this.#options.onProgress?.({
      stage: this.#writer === null ? "checking" : "restoring",
      done: this.#bytes,
      total: this.#source.limits.bytes,
    });
  }

  /** Settles what only the whole archive tells. */
  async finish(): Promise<ReadResult> {
    if (this.#large !== null) throw damaged(`it ends inside of ${JSON.stringify(this.#large.file.path)}`);
    const {
      decoder,
      start: { shape },
    } = this.#source;
    const file = await this.#source.file;
    const { index, footer, tar } = file === null ? this.#finishStream() : { index: file.index, footer: file.footer, tar: null };
    const isRecoded = footer === null;
    const isOther = !isRecoded && !isWrittenBy(index.format, decoder.name);
    if (index.arcroot !== shape.arcroot || index.mtime !== shape.mtime || index.times !== shape.times || isOther) {
      throw damaged("its index is not that of this archive");
    }
    if (file === null) checkTree(index.entries);
    this.#verifier.settle(index, isRecoded);
    this.#times.finish(index);
    if (file === null) checkTarSum(this.#sum, tar);
    // Where all was read, it must be what the archive's end says.
    else if (this.#frames === index.frames.length) checkTarSum(addToSum(this.#sum, file.sums.index), file.sums.whole);
    return { index, bytes: index.totals.bytes, fixups: this.#fixups, footer };
  }

  /** The index of a stream, and its end, which must be that of this index. */
  #finishStream(): Tail & { readonly index: ArchiveIndex } {
    const { decoder, signature } = this.#source;
    const { index, fields } = this.#index.finish();
    const tail = checkTail(this.#source.readFooter(), { fields, format: index.format, rules: decoder.stream, signature });
    return { index, ...tail };
  }

  /** Closes what is open, whether reading came to its end or not. */
  close(): void {
    this.#large?.file.close();
  }

  /** What a stream makes the verifier keep until its index comes is no more than an index may list. */
  #hold({ frames, own, lines, open }: FoundFrame): void {
    this.#lines += lines.length;
    this.#frames += frames.length;
    if (this.#frames > indexBounds(this.#source.limits).frames || this.#lines > MAX_INDEX_BYTES) throw exceeds();
    for (const path of open !== null && isOwn(open.entry.path) ? [...own, open.entry.path] : own) {
      if (this.#own.has(path)) throw new EnvpackError("ARCHIVE_UNSAFE", "the archive holds this path twice", { path });
      this.#own.add(path);
    }
  }

  #openLarge({ entry, content, selected, crc32 }: NonNullable<FoundFrame["open"]>, number: number): void {
    const limit = entry.path === META.fixups ? MAX_FIXUPS : this.#source.limits.bytes - this.#bytes;
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
    const { line, isTimed } = file.finish(this.#source.start.shape);
    this.#times.note(isTimed ? null : file.path, []);
    this.#verifier.addLines(number, Buffer.from(line));
  }

  #count(entries: number, bytes: number): void {
    this.#entries += entries;
    this.#bytes += bytes;
    if (this.#entries > Math.min(this.#source.limits.entries, MAX_ENTRIES) || this.#bytes > this.#source.limits.bytes) throw exceeds();
  }
}
