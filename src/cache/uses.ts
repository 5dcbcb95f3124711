import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { acquireLock, type Lock } from "../support/lock.js";
import type { Notice } from "../support/progress.js";
import { openCache } from "./place.js";
import { namesIn } from "../support/names-in.js";

/**
 * What one packing uses of the cache. A used entry is marked by a lock file of its own, so that any number of
 * processes can use it at once and a cleaner leaves it alone; the mark of a killed process counts for nothing.
 */
export class CacheUses {
  /** What the user should know of the cache; each once. */
  readonly notices: Notice[] = [];
  readonly #locks: Lock[] = [];
  readonly #last: (() => Promise<void>)[] = [];

  /** Marks an entry as used until `release`. */
  async hold(key: string): Promise<void> {
    const { folder } = openCache("uses");
    if (folder === null) return;
    this.#locks.push(await acquireLock(join(folder, `${key}.${randomBytes(4).toString("hex")}`), "the cache is busy"));
  }

  /** Has something done once nothing is used any more, as removing what was not kept. */
  afterwards(step: () => Promise<void>): void {
    this.#last.push(step);
  }

  async release(): Promise<void> {
    for (const lock of this.#locks.splice(0)) await lock.release().catch(() => undefined);
    for (const step of this.#last.splice(0)) await step().catch(() => undefined);
  }
}

/** Whether a process that lives uses an entry; the marks of dead ones are removed on the way. */
export async function isInUse(usesFolder: string, key: string): Promise<boolean> {
  const marks = namesIn(usesFolder).filter((name) => name.startsWith(`${key}.`) && /^[0-9a-f]{8}$/.test(name.slice(key.length + 1)));
  for (const mark of marks) {
    try {
      const lock = await acquireLock(join(usesFolder, mark), "in use");
      await lock.release();
    } catch {
      return true;
    }
  }
  return false;
}
