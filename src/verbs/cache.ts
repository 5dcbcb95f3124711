import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { describe, listEntries, type CacheEntry, type CacheKind } from "../cache/entries.js";
import { parseAge, readLimits, type CacheLimits } from "../cache/limits.js";
import { findWeakness } from "../cache/own-folder.js";
import { removeEntry } from "../cache/sweep.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { CommonOptions } from "../support/options.js";
import { listScratch } from "../cache/scratch.js";
import { userCache } from "../support/user-cache.js";

export { parseAge };
export type { CacheEntry, CacheKind, CacheLimits };

/** What lies in the cache of this user. */
export interface CacheListing {
  /** Absolute; null for a user without a home. */
  readonly folder: string | null;
  /** Why nothing is taken from it or kept in it; null: it is used. */
  readonly ignored: string | null;
  readonly limits: CacheLimits;
  /** The largest first. Restored copies of `envpack run ARCHIVE` lie in the system's temporary folder. */
  readonly entries: readonly CacheEntry[];
  readonly bytes: number;
}

export interface CleanOptions extends Pick<CommonOptions, "signal"> {
  /** Milliseconds: only what has not been used for so long. By default everything that is not in use. */
  readonly olderThan?: number;
  /** Also what envpack did not make: whatever else lies in its folder. */
  readonly all?: boolean;
}

export interface CleanResult {
  readonly folder: string | null;
  readonly removed: readonly CacheEntry[];
  /** Bytes of what was removed. */
  readonly bytes: number;
  /** What is in use, or nothing that envpack made. */
  readonly kept: readonly CacheEntry[];
}

/** Tells what lies in envpack's cache; nothing is changed. */
export async function listCache(): Promise<CacheListing> {
  const limits = readLimits();
  const folder = userCache();
  const weakness = folder === null ? null : findWeakness(folder);
  const entries = [...(folder === null ? [] : await listEntries(folder)), ...(await restoredCopies())].sort(
    (a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1),
  );
  const ignored =
    folder === null
      ? "this user has no home, and XDG_CACHE_HOME names no folder"
      : weakness === null
        ? null
        : `${weakness.path} ${weakness.what}`;
  return { folder, ignored, limits, entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/**
 * Clears envpack's cache: all of it that is not in use, or what the options say.
 *
 * @throws EnvpackError NO_PERMISSION where the cache is not this user's alone
 */
export async function cleanCache(options: CleanOptions = {}): Promise<CleanResult> {
  const { folder, entries } = await listCache();
  const now = Date.now();
  const removed: CacheEntry[] = [];
  const kept: CacheEntry[] = [];
  refuseWeak(folder);
  for (const entry of entries) {
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const isMeant = now - entry.lastUse >= (options.olderThan ?? 0);
    if (!isMeant && entry.kind !== "unknown" && !entry.inUse) continue;
    const mayGo = isMeant && !entry.inUse && (entry.kind !== "unknown" || options.all === true);
    const isGone = mayGo && (await removeOne(entry, folder));
    (isGone ? removed : kept).push(entry);
  }
  return { folder, removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0), kept };
}

async function removeOne(entry: CacheEntry, folder: string | null): Promise<boolean> {
  try {
    if (entry.kind !== "run" && folder !== null) return await removeEntry(entry, folder);
    await rm(entry.path, { recursive: true, force: true });
    return true;
  } catch (error) {
    throw explainError(error, "cannot clear the cache", entry.path);
  }
}

/** Whoever can write there could have something else removed than what was looked at. */
function refuseWeak(folder: string | null): void {
  const weakness = folder === null || !existsSync(folder) ? null : findWeakness(folder);
  if (weakness === null) return;
  throw new EnvpackError("NO_PERMISSION", `the cache is not cleared: this folder ${weakness.what}`, { path: weakness.path });
}

async function restoredCopies(): Promise<CacheEntry[]> {
  return (await listScratch()).map(({ path, inUse }) => describe(path, "run", basename(path), inUse));
}
