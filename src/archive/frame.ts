import { META } from "./entry.js";
import { headerBound, paddedSize } from "./tar/header-fields.js";

/**
 * Most tar bytes of a frame. The zstd codec for runtimes without their own has a heap of 16 MiB, into
 * which a frame, its compressed form and the codec's tables must fit.
 */
export const FRAME_MAX = 4 << 20;

/** From here on a frame may end; before that it would compress badly. */
const FRAME_MIN = 2 << 20;

/** Past the minimum, an entry of so many bytes would end the frame for certain. */
const CUT_SPREAD = 1 << 20;

/** What an entry takes in the tar: at most so many bytes, header and padding included. */
export function tarBound(name: string, linkname: string, size: number): number {
  return headerBound(name, linkname, size) + paddedSize(size);
}

/** Whether a file is so large that it gets frames of its own. */
export function spansFrames(bound: number): boolean {
  return bound > FRAME_MAX;
}

/**
 * Decides where frames begin, from nothing but the entries' paths and sizes: the same tree is cut the
 * same way by any number of workers, and where one package changes, the cuts before it stay and those
 * after it fall into step again within a frame or two, because whether a frame ends depends on a
 * digest of the path there.
 */
export class FrameCutter {
  #filled = 0;

  /**
   * Whether a new frame starts with this entry; to be called with every entry in order.
   *
   * @param bound as `tarBound` gives it
   */
  startsFrame(path: string, bound: number): boolean {
    const full = this.#filled + bound > FRAME_MAX;
    // The fix-ups are known only after all else has been compressed.
    const starts = full || path === META.fixups || (this.#filled >= FRAME_MIN && digest(path) * CUT_SPREAD < bound);
    // What follows a file that spans frames starts afresh.
    this.#filled = spansFrames(bound) ? FRAME_MAX : starts ? bound : this.#filled + bound;
    return starts;
  }
}

/** FNV-1a of a path's UTF-16 units, mixed, as a number in [0, 1). */
function digest(path: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < path.length; index++) hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** How a file that spans frames is cut: the first piece stands behind its header. */
export function* cutPieces(headerBytes: number, size: number): Generator<{ readonly at: number; readonly length: number }> {
  const first = FRAME_MAX - paddedSize(headerBytes);
  yield { at: 0, length: Math.min(first, size) };
  for (let at = first; at < size; at += FRAME_MAX) yield { at, length: Math.min(FRAME_MAX, size - at) };
}
