/** Bytes in front of the path: the state, and the path's length. */
const HEAD = 8;
/** Bytes of the longest path that is handed over: what Linux takes, two bytes a character. */
const PATH_BYTES = 2 * 4096;

/** What the place for the folder is at the moment. */
const EMPTY = 0;
const IN_USE = 1;
const FULL = 2;

/** Memory for a folder that threads hand to one another. */
export function newHandover(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD + PATH_BYTES);
}

/**
 * Room for one folder that a thread has found and leaves to any other. Nobody waits: what does not fit, or comes while
 * there is one already, stays with the thread that found it.
 */
export class HandedFolder {
  /** The state, and the bytes of the path. */
  readonly #head: Int32Array;
  readonly #path: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEAD / Int32Array.BYTES_PER_ELEMENT);
    this.#path = Buffer.from(memory, HEAD);
  }

  /** Leaves a folder to the others; false where there is no room for it. */
  give(folder: string): boolean {
    if (folder.length * 2 > PATH_BYTES || Atomics.compareExchange(this.#head, 0, EMPTY, IN_USE) !== EMPTY) return false;
    // As the system gave it: UTF-8 has no bytes for half a pair of surrogates, which a name of Windows may hold.
    this.#head[1] = this.#path.write(folder, "utf16le");
    Atomics.store(this.#head, 0, FULL);
    return true;
  }

  /** The folder that waits, which is the caller's then; null where there is none. */
  take(): string | null {
    if (Atomics.compareExchange(this.#head, 0, FULL, IN_USE) !== FULL) return null;
    const folder = this.#path.toString("utf16le", 0, this.#head[1]);
    Atomics.store(this.#head, 0, EMPTY);
    return folder;
  }
}
