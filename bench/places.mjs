/** Where the benchmark finds envpack and keeps what it makes. */
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";

export const ROOT = dirname(import.meta.dirname);
export const ENVPACK = join(ROOT, "bin", "envpack.js");
export const CACHE = join(ROOT, ".cache", "bench");

/** The archives that unpacking starts from, and the tar that bare compression does. */
export const INPUTS = join(CACHE, "inputs");

/** What a measured run writes: emptied before each. All contenders write here, so all to the same disk. */
export const OUTPUT = join(CACHE, "output");

/** Bytes: three trees, with room to spare. */
const MEMORY_NEEDED = 4 * 2 ** 30;

/**
 * A folder in memory for what is unpacked there: on a disk that is slow at small files, its time is all
 * that both programs of a pair show. Null where the system has no such place with enough room.
 *
 * @returns {string | null}
 */
function openMemory() {
  try {
    // Always the same one: what a run that was killed left there, the next one removes.
    const folder = `/dev/shm/envpack-bench-${userInfo().uid}`;
    rmSync(folder, { recursive: true, force: true });
    const { bavail, bsize } = statfsSync("/dev/shm");
    if (bavail * bsize < MEMORY_NEEDED) return null;
    mkdirSync(folder, { mode: 0o700 });
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  } catch {
    return null;
  }
}

/** Where pairs unpack that are not to show the disk; the disk's own folder where there is no such place. */
export const IN_MEMORY = openMemory() ?? OUTPUT;
