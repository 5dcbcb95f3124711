import { FRAME_MAX } from "../../archive/frame.js";

/** Bytes of a slot: a frame, and what a codec that cannot compress it adds. */
const SLOT_BYTES = FRAME_MAX + (FRAME_MAX >>> 6);

/** A frame that stands in a slot: which one, and its bytes. */
export interface SlottedFrame {
  readonly slot: number;
  readonly size: number;
}

/** Where a thread puts a frame: its slot and the bytes of it; null and none: into a buffer of its own. */
export interface FrameSlot {
  readonly slot: number | null;
  readonly bytes: Uint8Array;
}

/**
 * Memory that threads put frames into and this thread writes them from, used over and over. A buffer of its own for each
 * frame, handed from thread to thread, counts as memory outside of the heap in both: V8 then collects all that is alive
 * every few frames, and the system clears each of its pages once more. Of a slot that is never filled no page is taken.
 */
export class FrameSlots {
  readonly memory: SharedArrayBuffer;
  /** The last that became free is the next to be used: it is warm, and those below stay untouched. */
  readonly #free: number[];

  /** @param count how many frames there are at most at a time */
  constructor(count: number) {
    this.memory = new SharedArrayBuffer(count * SLOT_BYTES);
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  /** A slot for a frame that is about to be made; undefined where all are in use: then the frame gets a buffer. */
  take(): number | undefined {
    return this.#free.pop();
  }

  /** The slot may be used for another frame: nobody reads the bytes that stand in it any more. */
  give(slot: number | undefined): void {
    if (slot !== undefined) this.#free.push(slot);
  }

  frame({ slot, size }: SlottedFrame): Uint8Array {
    return slotIn(this.memory, slot).subarray(0, size);
  }
}

/** The bytes of a slot. */
export function slotIn(memory: SharedArrayBuffer, slot: number): Uint8Array {
  return new Uint8Array(memory, slot * SLOT_BYTES, SLOT_BYTES);
}
