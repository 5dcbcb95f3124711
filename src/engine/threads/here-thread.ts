import { answering } from "./answer.js";
import type { JobMessage, ReplyMessage, TaskMessage } from "./messages.js";

/**
 * The thread that the pool is in, doing tasks as a worker thread does: one after the other, and what goes there and back
 * is copied or handed over. Between two tasks the event loop has its turn.
 */
export class HereThread {
  readonly #answer: (message: JobMessage | TaskMessage) => void;
  #isEnded = false;

  constructor(take: (reply: ReplyMessage) => void) {
    this.#answer = answering((reply, transfer) => {
      if (!this.#isEnded) take(structuredClone(reply, { transfer: [...transfer] }));
    });
  }

  postMessage(message: JobMessage | TaskMessage, transfer: readonly ArrayBuffer[] = []): void {
    const copy = structuredClone(message, { transfer: [...transfer] });
    setImmediate(() => {
      if (!this.#isEnded) this.#answer(copy);
    });
  }

  /** What it has not begun is not done any more. */
  terminate(): Promise<void> {
    this.#isEnded = true;
    return Promise.resolve();
  }
}
