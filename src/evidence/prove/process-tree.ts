import { readFileSync } from "node:fs";
import { MARK } from "./sandbox/plain.js";
import { namesIn } from "../../support/names-in.js";
import { append } from "../../support/append.js";

/** What the processes below one take together. */
export interface Usage {
  readonly pids: readonly number[];
  /** Bytes of memory that is resident. */
  readonly memory: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly memory: number;
}

const PAGE = 4096;

/** The process and all below it, as /proc tells; also those that bear the mark, wherever they are. Empty where there is no /proc. */
export function usageOf(pid: number, mark: string | undefined): Usage {
  const all = listProcesses();
  const children = new Map<number, Process[]>();
  for (const one of all) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
  const found = new Map<number, Process>();
  const queue = all.filter((one) => one.pid === pid);
  if (mark !== undefined)
    append(
      queue,
      all.filter((one) => bears(one.pid, mark)),
    );
  for (const one of queue) {
    if (found.has(one.pid)) continue;
    found.set(one.pid, one);
    append(queue, children.get(one.pid) ?? []);
  }
  return { pids: [...found.keys()], memory: [...found.values()].reduce((sum, { memory }) => sum + memory, 0) };
}

function listProcesses(): Process[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter((one) => one !== null);
}

/** proc(5), stat: the name stands in parentheses and may hold anything; the parent is the 2nd field behind it, memory the 22nd. */
function readProcess(name: string): Process | null {
  try {
    const text = readFileSync(`/proc/${name}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid: Number(name), parent: Number(fields[1]), memory: Number(fields[21]) * PAGE };
  } catch {
    return null;
  }
}

function bears(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${MARK}=${mark}`);
  } catch {
    return false;
  }
}
