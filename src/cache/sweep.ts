import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { userCache } from "../support/user-cache.js";
import { listEntries, type CacheEntry } from "./entries.js";
import type { CacheLimits } from "./limits.js";
import { findWeakness } from "./own-folder.js";
import { isInUse } from "./uses.js";

/**
 * Removes what the limits do not allow, the longest unused first, and what killed processes left; never what is in
 * use, and nothing that envpack did not make. In a cache that is not this user's alone nothing is touched.
 */
export async function sweepCache(limits: CacheLimits, now = Date.now()): Promise<void> {
  const cache = userCache();
  if (cache === null || !existsSync(cache) || findWeakness(cache) !== null) return;
  for (const entry of chooseOver(await listEntries(cache), limits, now)) await removeEntry(entry, cache).catch(() => false);
}

/** What is over the limits, and leftovers. */
export function chooseOver(entries: readonly CacheEntry[], limits: CacheLimits, now: number): CacheEntry[] {
  const over: CacheEntry[] = [];
  let bytes = 0;
  for (const entry of [...entries].sort((a, b) => b.lastUse - a.lastUse)) {
    if (entry.kind === "unknown" || entry.kind === "run") continue;
    bytes += entry.bytes;
    // What is used cannot go, but it counts: other things go for it.
    if (entry.inUse) continue;
    const isOld = now - entry.lastUse > limits.age;
    if (entry.kind === "leftover" || isOld || bytes > limits.bytes) {
      over.push(entry);
      bytes -= entry.bytes;
    }
  }
  return over;
}

/**
 * Removes an entry: it is taken out of the way by one rename, so that nobody finds half of it; one that began to be
 * used in that moment is put back.
 *
 * @returns whether it is gone
 */
export async function removeEntry(entry: CacheEntry, cache: string): Promise<boolean> {
  const key = basename(entry.path);
  const uses = join(cache, "uses");
  if (entry.kind !== "runtime" || !existsSync(uses)) {
    await rm(entry.path, { recursive: true, force: true });
    return true;
  }
  const aside = join(dirname(entry.path), `.removing-${key.slice(0, 16)}-${randomBytes(4).toString("hex")}`);
  await rename(entry.path, aside);
  if (await isInUse(uses, key)) {
    await rename(aside, entry.path);
    return false;
  }
  await rm(aside, { recursive: true, force: true });
  return true;
}
