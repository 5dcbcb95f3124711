import { readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { namesIn } from "../support/names-in.js";
import { readCgroup } from "./cgroup.js";

/** File descriptors of a thread: those of its event loop (five in Node.js 26), and what it reads or writes. */
const DESCRIPTORS = 8;
/** What else needs them: archive, lock, records, and the threads that Node.js reads files with. */
const OTHER_DESCRIPTORS = 16;
/** Bytes that a thread takes, with its frames here and in the main thread; and those of all else. Measured: 25 MiB at 64 threads. */
const MEMORY = 40 << 20;
const OTHER_MEMORY = 64 << 20;
/**
 * More threads than that a processor have nothing to do, and each takes 20 MiB and a while to start: 64 on two
 * processors took 1.4 GiB, and twice the processor time of two. A few more than one are of use where files are slow to read.
 */
const MOST_A_PROCESSOR = 4;
/** Threads of Node.js' own that may still have to be started: those that it reads files with. */
const OTHER_THREADS = 8;
/** To count a user's threads all of /proc is read: not where so many are allowed that no packing comes near. */
const MANY_THREADS = 4096;

/** What this process may still take of the machine; null where the system does not tell, or there is no limit. */
export interface Room {
  /** Processors' worth of time. */
  readonly processors: number | null;
  /** Bytes. */
  readonly memory: number | null;
  readonly threads: number | null;
  readonly descriptors: number | null;
}

/**
 * How many worker threads to start: as many as were wanted, up to four a processor, else one a processor, but no more
 * than the memory, threads and files of this process, its user and its control groups allow; one at least. Resolved
 * once, where a command begins.
 *
 * @param known by default the kernel is asked
 * @param processors of this machine, that this process may run on
 */
export function chooseThreads(wanted: number | undefined, known?: Room, processors = availableParallelism()): number {
  // One there is in any case: nothing has to be asked.
  if (wanted === 1) return 1;
  const room = known ?? readRoom();
  const most = [
    wanted ?? Math.ceil(room.processors ?? Infinity),
    wanted === undefined ? processors : MOST_A_PROCESSOR * processors,
    room.memory === null ? Infinity : (room.memory - OTHER_MEMORY) / MEMORY,
    room.threads === null ? Infinity : room.threads - OTHER_THREADS,
    room.descriptors === null ? Infinity : (room.descriptors - OTHER_DESCRIPTORS) / DESCRIPTORS,
  ];
  return Math.max(1, Math.floor(Math.min(...most)));
}

/**
 * Asks the kernel (proc(5), cgroups(7)).
 *
 * @param root where its file systems are mounted
 */
export function readRoom(root = "/"): Room {
  const cgroup = readCgroup(root);
  return {
    processors: cgroup.processors,
    memory: least([cgroup.memory, availableMemory(root)]),
    threads: least([cgroup.threads, freeThreads(root)]),
    descriptors: freeDescriptors(root),
  };
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** What all programs of the machine may still take without swapping. */
function availableMemory(root: string): number | null {
  const kibibytes = /^MemAvailable: +(\d+) kB/m.exec(read(root, "proc/meminfo"))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function freeDescriptors(root: string): number | null {
  const limit = readLimit(root, "Max open files");
  try {
    return limit === null ? null : limit - readdirSync(join(root, "proc/self/fd")).length;
  } catch {
    return null;
  }
}

/** Threads that this user may still start (RLIMIT_NPROC of setrlimit(2)); it does not hold for root. */
function freeThreads(root: string): number | null {
  const limit = readLimit(root, "Max processes");
  const uid = process.getuid?.() ?? 0;
  if (limit === null || limit > MANY_THREADS || uid === 0) return null;
  return limit - countThreads(root, uid);
}

function countThreads(root: string, uid: number): number {
  let count = 0;
  const proc = join(root, "proc");
  for (const name of namesIn(proc)) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (statSync(join(proc, name)).uid === uid) count += namesIn(join(proc, name, "task")).length;
    } catch {
      // It has ended meanwhile.
    }
  }
  return count;
}

/** null for "unlimited", and where the system does not tell. */
function readLimit(root: string, name: string): number | null {
  const line = read(root, "proc/self/limits")
    .split("\n")
    .find((one) => one.startsWith(name));
  const limit = line === undefined ? undefined : /^\d+/.exec(line.slice(name.length).trim())?.[0];
  return limit === undefined ? null : Number(limit);
}

function read(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), "latin1");
  } catch {
    return "";
  }
}
