import { constants } from "node:os";

const CAUGHT = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns the first signal into an abort, so that the work can clean up; the second one ends the
 * process at once.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  #received: NodeJS.Signals | null = null;
  readonly #onSignal = (name: NodeJS.Signals): void => {
    if (this.#received !== null) {
      this.release();
      process.kill(process.pid, name);
    }
    this.#received = name;
    this.#controller.abort();
  };

  /** The signal that stopped the work, if one did. */
  get received(): NodeJS.Signals | null {
    return this.#received;
  }

  /** Catches signals from now on. Until this is called they end the process as usual. */
  catch(): AbortSignal {
    this.release();
    for (const name of CAUGHT) process.on(name, this.#onSignal);
    return this.#controller.signal;
  }

  release(): void {
    for (const name of CAUGHT) process.off(name, this.#onSignal);
  }
}

/**
 * Ends this process by a signal, so that a shell or a scheduler sees what happened: an exit status
 * of 128 + n alone does not stop a shell's loop.
 *
 * @returns the exit status where the signal does not end a process (Windows)
 */
export async function dieBy(name: NodeJS.Signals): Promise<number> {
  process.kill(process.pid, name);
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  return 128 + constants.signals[name];
}
