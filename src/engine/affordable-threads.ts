import { readdirSync, readFileSync } from "node:fs";

/** File descriptors of a thread: those of its event loop (five in Node.js 26), and what it reads or writes. */
const A_THREAD = 8;
/** What else needs them: archive, lock, records, and the threads that Node.js reads files with. */
const ALL_ELSE = 16;

/**
 * How many of the threads that are wanted this process may open files for, one at least: under
 * `ulimit -n 64` a thread a processor would be too many. Where the system does not tell, all of them.
 */
export function affordableThreads(wanted: number): number {
  const free = freeDescriptors();
  return free === null ? wanted : Math.max(1, Math.min(wanted, Math.floor((free - ALL_ELSE) / A_THREAD)));
}

/** File descriptors that this process may still open; null where the system does not tell (proc(5)). */
function freeDescriptors(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return limit === undefined ? null : Number(limit) - readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}
