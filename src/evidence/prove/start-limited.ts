import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvpackError } from "../../support/errors.js";
import { usageOf } from "./process-tree.js";
import type { Line } from "./sandbox/sandbox.js";

export interface Limits {
  readonly seconds: number;
  /** Counts the seconds from the last result, of a command that does several things. */
  readonly perResult?: boolean;
  /** Processes at once; by default more than any build needs. */
  readonly processes?: number;
  /** Bytes that all processes together may hold. */
  readonly memory?: number | null;
  /** Ends it all, and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
}

export type Exceeded = "time" | "processes" | "memory" | "output";

/** How a command ended. */
export interface Ended {
  /** Null where a signal ended it, or it did not start. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first bytes of each. */
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote to its fourth stream. */
  readonly results: string;
  readonly seconds: number;
  /** The limit for which it was killed, with all its processes; null: none. */
  readonly exceeded: Exceeded | null;
  /** Why it did not start. */
  readonly error: string | null;
}

/** Bytes of each stream that are kept, and that may come before it counts as endless. */
const KEPT = 64 << 10;
const ENDLESS = 256 << 20;
const PROCESSES = 512;
/** Milliseconds between two looks at what it takes. */
const LOOK = 100;

/**
 * Starts a command with nothing on its stdin, and ends it with all its processes when it takes too long or too much.
 * A fourth stream, 3, is there for results.
 */
export async function startLimited(line: Line, limits: Limits): Promise<Ended> {
  refuseAborted(limits);
  const began = performance.now();
  const child = spawn(line.file, line.args, {
    cwd: line.cwd,
    env: { ...line.env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
    ...(line.ids ?? {}),
  });
  const guard = new Guard(child, line, limits);
  const [stdout, stderr, results] = [1, 2, 3].map((fd) => guard.keep(fd));
  const { status, signal, error } = await guard.ended();
  const exceeded = guard.exceeded;
  refuseAborted(limits);
  return {
    status: exceeded === null ? status : null,
    signal,
    stdout: stdout?.() ?? "",
    stderr: stderr?.() ?? "",
    results: results?.() ?? "",
    seconds: (performance.now() - began) / 1000,
    exceeded,
    error,
  };
}

function refuseAborted({ signal }: Limits): void {
  if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
}

class Guard {
  exceeded: Exceeded | null = null;
  readonly #child: ChildProcess;
  readonly #line: Line;
  readonly #limits: Limits;
  #timer: NodeJS.Timeout | null = null;

  constructor(child: ChildProcess, line: Line, limits: Limits) {
    this.#child = child;
    this.#line = line;
    this.#limits = limits;
  }

  /** Collects the beginning of a stream. */
  keep(fd: number): () => string {
    const stream = this.#child.stdio[fd];
    const pieces: Buffer[] = [];
    let kept = 0;
    let all = 0;
    stream?.on("error", () => undefined);
    stream?.on("data", (piece: Buffer) => {
      all += piece.length;
      if (fd === 3 && this.#limits.perResult === true) this.#timer?.refresh();
      const room = fd === 3 ? piece.length : Math.max(KEPT - kept, 0);
      pieces.push(piece.subarray(0, room));
      kept += Math.min(room, piece.length);
      if (all > ENDLESS) this.#end("output");
    });
    return () => Buffer.concat(pieces).toString("utf8");
  }

  async ended(): Promise<Pick<Ended, "status" | "signal" | "error">> {
    const { seconds, signal } = this.#limits;
    this.#timer = setTimeout(() => this.#end("time"), seconds * 1000);
    const look = setInterval(() => this.#look(), LOOK);
    const stop = (): void => this.#kill();
    signal?.addEventListener("abort", stop);
    try {
      return await new Promise((settle) => {
        this.#child.once("error", (error) => settle({ status: null, signal: null, error: error.message }));
        // "exit", not "close": what a command left behind may hold its streams for ever.
        this.#child.once("exit", (status, by) => {
          this.#kill();
          setImmediate(() => settle({ status, signal: by, error: null }));
        });
      });
    } finally {
      clearTimeout(this.#timer);
      clearInterval(look);
      signal?.removeEventListener("abort", stop);
      await this.#drain();
    }
  }

  /** What was written is read to its end; whoever still holds a stream is not waited for. */
  async #drain(): Promise<void> {
    const open = [1, 2, 3].flatMap((fd) => this.#child.stdio[fd] ?? []).filter((stream) => !stream.closed);
    const patience = new AbortController();
    const closing = Promise.all(open.map((stream) => once(stream, "close").catch(() => undefined)));
    await Promise.race([closing, sleep(LOOK, undefined, patience).catch(() => undefined)]);
    patience.abort();
    for (const stream of open) stream.destroy();
  }

  #look(): void {
    const { processes = PROCESSES, memory = null } = this.#limits;
    if (this.#child.pid === undefined) return;
    const usage = usageOf(this.#child.pid, this.#line.mark);
    if (usage.pids.length > processes) this.#end("processes");
    else if (memory !== null && usage.memory > memory) this.#end("memory");
  }

  #end(why: Exceeded): void {
    this.exceeded ??= why;
    this.#kill();
  }

  /**
   * A namespace's first process takes all others with it; where there is none they are looked for, until none is left. One that
   * starts another program has no variables for a moment, so that a single look may miss it.
   */
  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    killQuietly(-pid);
    if (this.#line.mark === undefined) return;
    let quiet = 0;
    for (let round = 0; round < 50 && quiet < 2; round++) {
      const found = usageOf(pid, this.#line.mark).pids.filter((one) => one !== pid);
      quiet = found.length === 0 ? quiet + 1 : 0;
      for (const one of found) killQuietly(one);
    }
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
