import type { PlannedFile } from "../../archive/entry.js";
import type { Pool } from "../threads/pool.js";
import { toColumns, type EntryColumns } from "./packed-entries.js";
import type { ContentDigest, DigestTask } from "./read-content.js";

/**
 * Has large files digested while the others are still planned: the threads that listed the tree have nothing to do until
 * there is a frame to make, and the digest of a large file has to be there before its first one. Of each nothing is kept but
 * the digest. So what was begun in vain leaves nothing, be it that the plan is refused or that a file goes in with other
 * content; and one that changes later is noticed as if it had been digested later, since all its pieces are held against
 * the digest and against what the file was when it was planned.
 */
export class EarlyDigests {
  readonly #pool: Pool;
  readonly #waiting: EntryColumns[] = [];
  readonly #begun = new Map<string, Promise<ContentDigest>>();
  #running = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Begins with a file as soon as a thread is free; where there are no threads beside this one, it is left for later. */
  add(file: PlannedFile): void {
    if (!this.#pool.isStarted) return;
    this.#waiting.push(toColumns([file]));
    this.#next();
  }

  /** Begins with no more files: from here on threads have frames to make, and whoever makes them decides. */
  end(): void {
    this.#waiting.length = 0;
  }

  /** The digest of a file that was begun with, once; undefined where it was not, or was another one then. */
  take(columns: EntryColumns): Promise<ContentDigest> | undefined {
    const key = keyOf(columns);
    const digest = this.#begun.get(key);
    this.#begun.delete(key);
    return digest;
  }

  /** A file a thread: what waits in the pool's own queue would come before the first frames. */
  #next(): void {
    while (this.#running < this.#pool.threads) {
      const columns = this.#waiting.shift();
      if (columns === undefined) return;
      this.#running++;
      const digest = this.#pool.run<ContentDigest>({ kind: "digest", columns } satisfies DigestTask);
      this.#begun.set(keyOf(columns), digest);
      // Whoever takes it is told; nobody does where the packing is refused.
      const proceed = (): void => {
        this.#running--;
        this.#next();
      };
      digest.then(proceed, proceed);
    }
  }
}

/** Of columns of one file: where it lies, and what it was when it was listed. */
function keyOf({ paths, others, places, numbers }: EntryColumns): string {
  return JSON.stringify([paths, others, places, [...numbers]]);
}
