import { damaged } from "../../archive/codec/codec.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import type { FrameRecord } from "../../archive/index/index-lines.js";
import { EnvpackError } from "../../support/errors.js";
import { compareLines } from "./compare-lines.js";

/** What an index lists, at least of the frames that are added. */
type Listing = Pick<ArchiveIndex, "frames" | "entries">;

type FoundRecord = Pick<FrameRecord, "size" | "tar" | "crc32">;

/**
 * Holds what frames were found to hold against the index: at once where that is known, else when it
 * has come. Frames are numbered as in the index. That a frame's own bytes differ is told only where no
 * entry in it turns out to be damaged: the entry's name says more.
 */
export class FrameVerifier {
  readonly #index: Listing | null;
  readonly #frames: FoundRecord[] = [];
  readonly #lines = new Map<number, Uint8Array>();
  #count = 0;
  #suspect: EnvpackError | null = null;

  constructor(index: Listing | null) {
    this.#index = index;
  }

  /** Adds frames that follow one another, and returns the first one's number. */
  addFrames(number: number, found: readonly FoundRecord[]): number {
    const own = number < 0 ? this.#count : number;
    this.#count += found.length;
    for (const [behind, frame] of found.entries()) {
      if (this.#index === null) this.#frames.push(frame);
      else this.#suspect ??= compareFrame(this.#index, own + behind, frame);
    }
    return own;
  }

  /** Keeps a frame's own fault, to be told where no entry turns out to be damaged. */
  suspect(fault: string): void {
    this.#suspect ??= new EnvpackError("ARCHIVE_CORRUPT", fault);
  }

  /** Adds the index lines of the entries that begin in a frame. */
  addLines(number: number, lines: Uint8Array): void {
    if (this.#index === null) this.#lines.set(number, lines);
    else compareEntries(this.#index, number, lines);
  }

  /**
   * @param isRecoded whether the frames are no longer as they were compressed: then their tar bytes alone count
   * @throws EnvpackError naming the first entry that differs
   */
  settle(index: ArchiveIndex, isRecoded = false): void {
    for (const [number, found] of this.#frames.entries()) {
      compareEntries(index, number, this.#lines.get(number) ?? new Uint8Array());
      this.#suspect ??= compareFrame(index, number, isRecoded ? { ...found, ...sealedAs(index, number) } : found);
      this.#lines.delete(number);
    }
    if (this.#suspect !== null) throw this.#suspect;
    if (this.#index === null && this.#frames.length !== index.frames.length) throw damaged("frames are missing that its index lists");
  }
}

/** What the index says of a frame's bytes in the archive that it was made for. */
function sealedAs(index: Listing, number: number): Partial<FoundRecord> {
  const frame = index.frames[number];
  return frame === undefined ? {} : { size: frame.size, crc32: frame.crc32 };
}

function compareEntries(index: Listing, number: number, lines: Uint8Array): void {
  const frame = index.frames[number];
  compareLines(lines, frame === undefined ? [] : index.entries.slice(frame.first, frame.first + frame.count));
}

function compareFrame(index: Listing, number: number, { size, tar, crc32 }: FoundRecord): EnvpackError | null {
  const frame = index.frames[number];
  if (frame?.size === size && frame.tar === tar && frame.crc32 === crc32) return null;
  const path = frame === undefined || frame.count === 0 ? undefined : index.entries[frame.first]?.path;
  return damaged("a frame is not the one that its index lists", undefined, path);
}
