import { Worker } from "node:worker_threads";
import { EnvpackError } from "../errors.js";
import { affordableThreads } from "./affordable-threads.js";
import { reviveError, type Job, type JobMessage, type ReplyMessage, type TaskMessage, type ThreadData } from "./messages.js";
import { threadScript } from "./thread-script.js";

/** Tasks that a thread holds at once: one to work on, one to begin with straight after. */
const TASKS_A_THREAD = 2;

/**
 * MiB for young objects in a thread. Theirs die at once: a large space would just fill up before it is
 * swept, and three times 16 MiB a thread is a good part of what packing may take.
 */
const YOUNG_MIB = 6;

interface Waiting {
  readonly task: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Waiting>;
}

/**
 * Worker threads that do the tasks of a job, and then of another. The first thread that fails, dies or is aborted fails
 * every task, those to come included; a task's own error fails just that task.
 */
export class Pool {
  readonly #threads: readonly Thread[] = [];
  readonly #queue: Waiting[] = [];
  readonly #signal: AbortSignal | undefined;
  #failure: Error | null = null;
  #next = 0;

  /**
   * @param threads fewer are started where the process may not open so many files
   * @param signal ends the threads at once and fails what they had to do with INTERRUPTED
   */
  constructor(threads: number, signal?: AbortSignal) {
    this.#signal = signal;
    if (signal?.aborted === true) this.#failure = interrupted(signal);
    else this.#threads = Array.from({ length: affordableThreads(Math.max(1, threads)) }, () => this.#start());
    signal?.addEventListener("abort", this.#abort);
  }

  /** How many tasks keep all threads busy; more just wait. */
  get capacity(): number {
    return this.#threads.length * TASKS_A_THREAD;
  }

  /** What the tasks that follow belong to. */
  assign(job: Job): void {
    const message: JobMessage = { job };
    for (const { worker } of this.#threads) worker.postMessage(message);
  }

  /** Has a task done by every thread. */
  runEverywhere<Result>(task: unknown): readonly Promise<Result>[] {
    // Threads that are gone answer nothing, and nobody would be told.
    if (this.#failure !== null) return [Promise.reject<Result>(this.#failure)];
    return this.#threads.map(
      (thread) =>
        new Promise<unknown>((resolve, reject) => {
          this.#hand(thread, { task, transfer: [], resolve, reject });
        }) as Promise<Result>,
    );
  }

  /** Has a task done; the buffers in `transfer` are handed over and empty here afterwards. */
  async run<Result>(task: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#queue.push({ task, transfer, resolve, reject });
      this.#feed();
    }) as Promise<Result>;
  }

  /** Ends the threads; tasks that are still open fail. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#fail(this.#failure ?? new Error("the pool was closed"));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  readonly #abort = (): void => {
    this.#fail(interrupted(this.#signal));
    for (const { worker } of this.#threads) void worker.terminate();
  };

  #start(): Thread {
    const workerData: ThreadData = { envpackThread: true };
    const worker = new Worker(threadScript(), { workerData, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
    const thread: Thread = { worker, pending: new Map() };
    worker.on("message", (reply: ReplyMessage) => {
      this.#settle(thread, reply);
    });
    worker.on("error", (error: Error) => {
      this.#fail(error);
    });
    worker.on("messageerror", (error: Error) => {
      this.#fail(error);
    });
    worker.on("exit", (code) => {
      this.#fail(new Error(`a worker thread ended by itself (status ${code})`));
    });
    return thread;
  }

  #feed(): void {
    while (this.#queue.length > 0) {
      const free = this.#threads.reduce((best, thread) => (thread.pending.size < best.pending.size ? thread : best));
      if (free.pending.size >= TASKS_A_THREAD) return;
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#hand(free, waiting);
    }
  }

  #hand({ pending, worker }: Thread, waiting: Waiting): void {
    const id = this.#next++;
    pending.set(id, waiting);
    worker.postMessage({ id, task: waiting.task } satisfies TaskMessage, waiting.transfer);
  }

  #settle({ pending }: Thread, reply: ReplyMessage): void {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ("error" in reply) waiting?.reject(reviveError(reply.error));
    else waiting?.resolve(reply.result);
    if (this.#failure === null) this.#feed();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const open = [...this.#queue.splice(0), ...this.#threads.flatMap(({ pending }) => [...pending.values()])];
    for (const { pending } of this.#threads) pending.clear();
    for (const waiting of open) waiting.reject(this.#failure);
  }
}

function interrupted(signal: AbortSignal | undefined): EnvpackError {
  return new EnvpackError("INTERRUPTED", "interrupted", { cause: signal?.reason });
}

/** Starts threads for as long as something takes. */
export async function withPool<Result>(threads: number, signal: AbortSignal | undefined, use: (pool: Pool) => Promise<Result>): Promise<Result> {
  const pool = new Pool(threads, signal);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}
