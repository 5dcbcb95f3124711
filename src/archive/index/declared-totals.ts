import { EnvpackError } from "../../support/errors.js";
import { FRAME_MAX } from "../frame.js";
import { MAX_LINE } from "./index-lines.js";

/** What a manifest declares; an archive that holds more is refused with ARCHIVE_LIMIT before more of it is decoded. */
export interface DeclaredTotals {
  /** Without envpack's own: folder, manifest, fix-ups and index. */
  readonly entries: number;
  /** Of content, likewise. */
  readonly bytes: number;
}

/** What the index of an archive may hold at most that keeps its promise. */
export interface IndexBounds extends DeclaredTotals {
  /** Lines of entries, envpack's own included. */
  readonly lines: number;
  readonly frames: number;
  /** Bytes of the index file. */
  readonly size: number;
}

/** Entries of envpack's own that an index lists. */
const OWN_ENTRIES = 3;

/** More frames than a manifest and fix-up records of the greatest size take. */
const OWN_FRAMES = 64;

/** More bytes than the line of a frame, or the first or last line, can have besides a name. */
const SHORT_LINE = 256;

/** A frame begins with an entry of its own or goes on with a large file, whose last frame need not be full. */
export function indexBounds({ entries, bytes }: DeclaredTotals): IndexBounds {
  const lines = entries + OWN_ENTRIES;
  const frames = 2 * lines + Math.ceil(bytes / FRAME_MAX) + OWN_FRAMES;
  return { entries, bytes, lines, frames, size: (lines + 1) * MAX_LINE + (frames + 1) * SHORT_LINE };
}

export function exceeds(path?: string): EnvpackError {
  return new EnvpackError("ARCHIVE_LIMIT", "the archive holds more than its manifest promises", { path });
}
