import { readLimits } from "./limits.js";
import { sweepCache } from "./sweep.js";
import { CacheUses } from "./uses.js";

/** Does work that uses the cache; afterwards what is over the cache's limits goes. */
export async function withCache<T>(work: (uses: CacheUses) => Promise<T>): Promise<T> {
  const limits = readLimits();
  const uses = new CacheUses();
  try {
    return await work(uses);
  } finally {
    await uses.release();
    await sweepCache(limits).catch(() => undefined);
  }
}
