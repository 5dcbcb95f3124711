import { lstatSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireLock } from "../support/lock.js";
import { namesIn } from "../support/names-in.js";
import { isOwn } from "./own-folder.js";

/** A folder in the system's temporary one, for this user and process alone. */
export interface Scratch {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Removes it. */
  readonly remove: () => Promise<void>;
}

const PREFIX = "envpack-run-";
const NAME = /^envpack-run-[A-Za-z0-9]{6}$/;
const LOCK = "in-use";
/** Says that there was a lock: without one the process is dead, since whoever looks takes a dead one's lock away. */
const BEGUN = "begun";
/** Milliseconds after which a folder without a mark belongs to a process that was killed before it made one. */
const ABANDONED = 3_600_000;

/** Makes a scratch folder, and removes those of processes of this user that were killed. */
export async function makeScratch(): Promise<Scratch> {
  for (const { path, inUse } of await listScratch()) if (!inUse) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  const path = await realpath(await mkdtemp(join(tmpdir(), PREFIX)));
  const lock = await acquireLock(join(path, LOCK), "the folder is in use");
  await writeFile(join(path, BEGUN), "");
  return {
    path,
    remove: async () => {
      await lock.release().catch(() => undefined);
      // Another process that clears up may hold the lock for a moment, to see whether this one lives: then the folder is not empty.
      await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
    },
  };
}

/** The scratch folders of this user, and whether a process that lives uses each. */
export async function listScratch(): Promise<{ readonly path: string; readonly inUse: boolean }[]> {
  const folder = tmpdir();
  const found = [];
  for (const name of namesIn(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // What belongs to another user, or that others can write, is not touched: it may be a trap.
    if (!stats?.isDirectory() || !isOwn(stats)) continue;
    found.push({ path, inUse: await isInUse(path, stats.mtimeMs) });
  }
  return found;
}

async function isInUse(path: string, changed: number): Promise<boolean> {
  const names = namesIn(path);
  if (!names.includes(LOCK)) return !names.includes(BEGUN) && Date.now() - changed < ABANDONED;
  try {
    await (await acquireLock(join(path, LOCK), "in use")).release();
    return false;
  } catch {
    return true;
  }
}
