import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Notice } from "../support/progress.js";
import { userCache } from "../support/user-cache.js";
import { findWeakness } from "./own-folder.js";

/** The folders of the cache, by what lies in them. */
export type CachePart = "runtimes" | "answers" | "frames" | "layers" | "pushes" | "uses";

/** Where a part of the cache lies, or why there is none; both null for a user without a home. */
export interface CachePlace {
  /** Absolute, made, and this user's alone; null where nothing may be taken from there or kept there. */
  readonly folder: string | null;
  readonly notice: Notice | null;
}

/** Makes a part of the cache. One that somebody else could write into is not used, and the notice says why. */
export function openCache(part: CachePart): CachePlace {
  const cache = userCache();
  if (cache === null) return { folder: null, notice: null };
  const folder = join(cache, part);
  try {
    // What stands there already keeps its mode: so it is looked at before and after.
    const before = findWeakness(cache);
    if (before !== null) return ignored(before.path, `it ${before.what}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const weakness = findWeakness(cache) ?? findWeakness(folder);
    return weakness === null ? { folder, notice: null } : ignored(weakness.path, `it ${weakness.what}`);
  } catch (error) {
    return ignored(folder, `it cannot be made (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}

function ignored(path: string, why: string): CachePlace {
  return { folder: null, notice: { code: "CACHE_IGNORED", message: `envpack's cache is not used: ${why}`, path } };
}

/** One notice for each thing that was noticed, however often: several parts of the cache have the same fault. */
export function onceEach(notices: readonly Notice[]): Notice[] {
  return [...new Map(notices.map((notice) => [JSON.stringify([notice.code, notice.message, notice.path]), notice])).values()];
}
