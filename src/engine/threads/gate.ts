import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";

/** `workerData` of the engine's threads. */
export interface ThreadData {
  readonly envpackThread: true;
  /** As of `Gate`. */
  readonly gate: SharedArrayBuffer;
}

const INSIDE = 0;
const SHUT = 1;

/** Milliseconds from one look to the next: what is inside takes some tens. */
const PAUSE = 1;

/**
 * What a thread may not be ended in the midst of. Node.js makes a stream for each frame that zlib works on, and aborts the
 * whole process where a thread ends after such a stream is made and before it is set up. So a thread goes through the gate
 * for that, and whoever ends the thread shuts the gate first.
 */
export class Gate {
  /** For `workerData`. */
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** In the thread: does the work inside. Where the gate is shut it waits, before or behind it, to be ended. */
  pass<Result>(work: () => Result): Result {
    Atomics.store(this.#words, INSIDE, 1);
    this.#stopWhereShut();
    try {
      return work();
    } finally {
      this.#stopWhereShut();
      Atomics.store(this.#words, INSIDE, 0);
    }
  }

  #stopWhereShut(): void {
    if (Atomics.load(this.#words, SHUT) === 0) return;
    Atomics.store(this.#words, INSIDE, 0);
    Atomics.wait(this.#words, SHUT, 1);
  }

  /** In the thread that started it: it is gone, wherever it was. */
  leave(): void {
    Atomics.store(this.#words, INSIDE, 0);
  }

  /** In the thread that ends it: from here on nothing begins inside; ends once nothing is inside any more. */
  async shut(): Promise<void> {
    Atomics.store(this.#words, SHUT, 1);
    while (Atomics.load(this.#words, INSIDE) === 1) await sleep(PAUSE);
  }
}

const data = workerData as Partial<ThreadData> | null;

/** This thread's; of one that the engine did not start, a gate that nobody shuts. */
export const ownGate = new Gate(data?.envpackThread === true ? data.gate : undefined);
