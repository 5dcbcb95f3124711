import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { EnvpackError } from "../../../src/support/errors.js";
import { acquireLock, type Lock } from "../../../src/support/lock.js";

/** Where managers and built environments are kept between runs. */
export const CACHE = process.env.ENVPACK_TEST_CACHE ?? join(import.meta.dirname, "../../../.cache/environments");

/** Milliseconds between two looks at a lock that another test file holds. */
const GLANCE = 300;

/**
 * Builds something into a folder of the cache unless an earlier run did. Test files run side by side and
 * want the same things: one builds, the others wait. What was left half built is built anew.
 */
export async function buildOnce(folder: string, build: () => Promise<void>): Promise<void> {
  const mark = join(folder, ".complete");
  if (existsSync(mark)) return;
  mkdirSync(dirname(folder), { recursive: true });
  const lock = await waitForLock(`${folder}.lock`);
  try {
    if (existsSync(mark)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await build();
    writeFileSync(`${mark}.new`, "");
    renameSync(`${mark}.new`, mark);
  } finally {
    await lock.release();
  }
}

async function waitForLock(file: string): Promise<Lock> {
  for (;;) {
    try {
      return await acquireLock(file, "another test file builds this", file);
    } catch (error) {
      if (!(error instanceof EnvpackError) || error.code !== "TARGET_BUSY") throw error;
      await setTimeout(GLANCE);
    }
  }
}
