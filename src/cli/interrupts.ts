import { constants } from "node:os";

const CAUGHT = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** So many signals end the process at once: of those before, the first stops the work and the others wait for it. */
const IMPATIENT = 3;

/**
 * Turns the first signal into an abort, so that the work can clean up. A second one, pressed while
 * that takes a moment, changes nothing, so that nothing is left behind; the third ends the process at once.
 */
export class Interrupts {
  /** Told of the first signal. */
  onStop: (() => void) | null = null;
  #count = 0;
  readonly #controller = new AbortController();
  #received: NodeJS.Signals | null = null;
  readonly #onSignal = (name: NodeJS.Signals): void => {
    this.#count++;
    if (this.#count >= IMPATIENT) {
      this.release();
      process.kill(process.pid, name);
    }
    if (this.#received !== null) return;
    this.#received = name;
    this.onStop?.();
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
