import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the control groups of this process leave it: each bounds all that is below it. null: no limit. */
export interface CgroupRoom {
  /** Processors' worth of time. */
  readonly processors: number | null;
  /** Bytes. */
  readonly memory: number | null;
  /** Processes and threads, of which the kernel counts each. */
  readonly threads: number | null;
}

/** Where the controllers are mounted: those of version 1 each in a folder, that of version 2 at the top, or beside them. */
const MOUNT = "sys/fs/cgroup";
/** Version 1 has a number near 2^63 for no limit. */
const NO_LIMIT = 2 ** 60;

/** Reads the limits of both versions of control groups (cgroups(7)). */
export function readCgroup(root: string): CgroupRoom {
  const room = { processors: Infinity, memory: Infinity, threads: Infinity };
  for (const line of read(join(root, "proc/self/cgroup")).split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const folder of foldersOf(root, controllers, path)) {
      room.processors = Math.min(room.processors, processorsOf(folder));
      room.memory = Math.min(room.memory, memoryOf(folder));
      room.threads = Math.min(room.threads, countOf(folder, "pids.max") - orZero(countOf(folder, "pids.current")));
    }
  }
  return { processors: finite(room.processors), memory: finite(room.memory), threads: finite(room.threads) };
}

/** A group's folder and those above it. In a container the path may be the host's: then only the top is there. */
function* foldersOf(root: string, controllers: string, path: string): Generator<string> {
  const mounts =
    controllers === ""
      ? [join(root, MOUNT), join(root, MOUNT, "unified")]
      : [controllers, ...controllers.split(",")].map((name) => join(root, MOUNT, name));
  for (const mount of mounts) {
    for (let at = path; ; at = dirname(at)) {
      yield join(mount, at);
      if (at === "/") break;
    }
  }
}

/** What may still be used: what the kernel can take back from cached files does not count as used. */
function memoryOf(folder: string): number {
  const most = Math.min(countOf(folder, "memory.max"), countOf(folder, "memory.high"), countOf(folder, "memory.limit_in_bytes"));
  if (most >= NO_LIMIT) return Infinity;
  const used = Math.min(countOf(folder, "memory.current"), countOf(folder, "memory.usage_in_bytes"));
  const stat = read(join(folder, "memory.stat"));
  const cached = ["active_file", "inactive_file"].reduce((sum, key) => sum + statOf(stat, key), 0);
  return most - Math.max(0, orZero(used) - cached);
}

/** Version 1 has those of the groups below under names of their own. */
function statOf(stat: string, key: string): number {
  return Number(new RegExp(`^total_${key} (\\d+)`, "m").exec(stat)?.[1] ?? new RegExp(`^${key} (\\d+)`, "m").exec(stat)?.[1] ?? 0);
}

function processorsOf(folder: string): number {
  const [quota, period] = read(join(folder, "cpu.max")).trim().split(" ").map(Number);
  const newer = quota !== undefined && period !== undefined ? quota / period : NaN;
  const older = countOf(folder, "cpu.cfs_quota_us") / countOf(folder, "cpu.cfs_period_us");
  return [newer, older].find((share) => share > 0 && Number.isFinite(share)) ?? Infinity;
}

/** Infinity for "max", and where there is no such file. */
function countOf(folder: string, name: string): number {
  const text = read(join(folder, name)).trim();
  return /^\d+$/.test(text) ? Number(text) : Infinity;
}

function orZero(count: number): number {
  return Number.isFinite(count) ? count : 0;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
