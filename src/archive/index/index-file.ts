import { EnvpackError } from "../../support/errors.js";
import { MAX_ENTRIES } from "../../support/limits.js";
import { asBuffer } from "../codec/codec.js";
import { isOwn, META, type Entry } from "../entry.js";
import type { ArchiveFormat } from "../formats.js";
import { FRAME_MAX } from "../frame.js";
import { decodeLine, MAX_LINE, type FrameRecord, type IndexHead, type IndexLine, type IndexTotals } from "./index-lines.js";
import { exceeds, indexBounds, type IndexBounds, type DeclaredTotals } from "./declared-totals.js";
import { decodePlainLine } from "./plain-line.js";
import { checkTree } from "../tree.js";

/** `.envpack/index.jsonl`: all that an archive holds but itself. See docs/format.md. */
export interface ArchiveIndex extends IndexHead {
  readonly format: ArchiveFormat;
  /** In archive order, without those of the index itself. */
  readonly frames: readonly IndexFrame[];
  /** In archive order, without the index itself. */
  readonly entries: readonly Entry[];
  readonly totals: IndexTotals;
}

/** A frame and the entries that start in it; none do in a frame that goes on with a large file. */
export interface IndexFrame extends FrameRecord {
  /** Index of the first of them in `entries`, and how many they are. */
  readonly first: number;
  readonly count: number;
}

const NEWLINE = 10;

/** Bytes of lines that become one text at a time. */
const TEXT = 32 << 10;

/**
 * Decodes an index piece by piece, so that a long one need not be held as bytes; checks that its
 * frames lie one behind the other from the archive's start and that its totals are right. One that
 * lists more than was limits is refused at the first line too many.
 */
export class IndexDecoder {
  readonly #bounds: IndexBounds | null;
  readonly #entries: Entry[] = [];
  readonly #frames: { at: number; size: number; tar: number; crc32: number; first: number; count: number }[] = [];
  #head: IndexHead | null = null;
  #totals: IndexTotals | null = null;
  /** The beginning of a line that goes on in the next piece. */
  #rest = Buffer.alloc(0);
  /** Of content. */
  #bytes = 0;
  /** Entries that the promise counts, and bytes that are left of it. */
  #counted = 0;
  #promisedBytes: number;

  /** @param limits null: that of a restored environment, where its own manifest is not at hand or may be damaged */
  constructor(limits: DeclaredTotals | null) {
    this.#bounds = limits === null ? null : indexBounds(limits);
    this.#promisedBytes = limits?.bytes ?? 0;
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT */
  push(chunk: Uint8Array): void {
    const bytes = asBuffer(chunk);
    // The line that began in the piece before this one ends here, or goes on.
    const begun = this.#rest.length === 0 ? 0 : bytes.indexOf(NEWLINE) + 1 || bytes.length;
    if (begun > 0) this.#takeLines(Buffer.concat([this.#rest, bytes.subarray(0, begun)]));
    if (begun < bytes.length) this.#takeLines(bytes.subarray(begun));
  }

  /** Takes lines from where one begins, and keeps the beginning of one that goes on. */
  #takeLines(bytes: Buffer): void {
    let from = 0;
    for (let end = endOfText(bytes, from); end > from; end = endOfText(bytes, from)) {
      this.#takeText(bytes.subarray(from, end));
      from = end;
    }
    this.#rest = Buffer.from(bytes.subarray(from));
    if (this.#rest.length > MAX_LINE) throw malformed("a line is too long");
  }

  #takeText(lines: Buffer): void {
    const text = lines.toString("latin1");
    for (let at = 0, next = 0; at < text.length; at = next) {
      next = text.indexOf("\n", at) + 1;
      if (next - 1 - at > MAX_LINE) throw malformed("a line is too long");
      const entry = decodePlainLine(lines, text, at);
      if (entry === null) this.#take(decodeLine(lines.subarray(at, next - 1)));
      else this.#takePlain(entry);
    }
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT */
  finish(): ArchiveIndex {
    if (this.#rest.length > 0 || this.#head === null || this.#totals === null) throw malformed("it is cut short");
    return { ...this.#head, frames: this.#frames, entries: this.#entries, totals: this.#totals };
  }

  /** What was decoded so far; the last frame may still get entries. */
  get frames(): readonly IndexFrame[] {
    return this.#frames;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  #takePlain(entry: Entry): void {
    if (this.#head === null || this.#totals !== null) throw malformed("its lines are out of order");
    this.#takeEntry(entry);
  }

  #take(line: IndexLine): void {
    if ((line.kind === "head") !== (this.#head === null) || this.#totals !== null) throw malformed("its lines are out of order");
    switch (line.kind) {
      case "head":
        this.#head = line.head;
        break;
      case "frame":
        this.#takeFrame(line.frame);
        break;
      case "entry":
        this.#takeEntry(line.entry);
        break;
      case "end":
        this.#checkTotals(line.totals);
        this.#totals = line.totals;
    }
  }

  #takeFrame(frame: FrameRecord): void {
    const previous = this.#frames.at(-1);
    if (frame.at !== (previous === undefined ? 0 : previous.at + previous.size)) throw malformed("its frames do not join");
    if (frame.tar > FRAME_MAX || frame.size > 2 * FRAME_MAX) throw malformed("a frame is too long");
    if (this.#frames.length === this.#bounds?.frames) throw exceeds();
    this.#frames.push({ ...frame, first: this.#entries.length, count: 0 });
  }

  #takeEntry(entry: Entry): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw malformed("its lines are out of order");
    if (entry.path === META.index) throw malformed("it lists itself");
    if (this.#entries.length === MAX_ENTRIES) throw tooMany();
    frame.count++;
    this.#entries.push(entry);
    if (entry.type === "file") this.#bytes += entry.size;
    this.#hold(entry);
  }

  /** Holds the index to what was limits, which does not count envpack's own. */
  #hold(entry: Entry): void {
    if (this.#bounds === null) return;
    if (!isOwn(entry.path)) {
      this.#counted++;
      this.#promisedBytes -= entry.type === "file" ? entry.size : 0;
    }
    const { entries, lines } = this.#bounds;
    if (this.#counted > entries || this.#entries.length > lines || this.#promisedBytes < 0) throw exceeds();
  }

  #checkTotals({ entries, bytes, frames }: IndexTotals): void {
    if (entries !== this.#entries.length || bytes !== this.#bytes || frames !== this.#frames.length) {
      throw malformed("its totals are wrong");
    }
  }
}

/**
 * Decodes a whole index and checks the tree that it tells: a restored environment's own is as hostile
 * as an archive's, since any program may have unpacked it.
 *
 * @param limits by the environment's manifest, where that is known to be whole
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, ARCHIVE_UNSAFE, ARCHIVE_LIMIT
 */
export function decodeIndex(bytes: Uint8Array, limits: DeclaredTotals | null = null): ArchiveIndex {
  const decoder = new IndexDecoder(limits);
  decoder.push(bytes);
  const index = decoder.finish();
  checkTree(index.entries);
  return index;
}

/** Where the last whole line ends of those that begin at `from` and become one text; `from` where none does. */
function endOfText(bytes: Buffer, from: number): number {
  const last = bytes.length - from > TEXT ? bytes.lastIndexOf(NEWLINE, from + TEXT - 1) : bytes.lastIndexOf(NEWLINE);
  return last >= from ? last + 1 : bytes.indexOf(NEWLINE, from) + 1;
}

/** What an archive of too many entries is refused with, when it is made and when it is read. */
export function tooMany(): EnvpackError {
  return new EnvpackError("ARCHIVE_LIMIT", `an archive has ${MAX_ENTRIES} entries at most`);
}

function malformed(why: string): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", `the archive's index is malformed: ${why}`);
}
