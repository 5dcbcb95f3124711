import { access } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { EnvpackError } from "../../support/errors.js";
import { Gate, type ThreadData } from "./gate.js";
import { HereThread } from "./here-thread.js";
import { reviveError, type Job, type JobMessage, type ReplyMessage, type TaskMessage } from "./messages.js";
import { threadScript } from "./thread-script.js";

/** Tasks that a thread holds at once: one to work on, one to begin with straight after. */
const TASKS_A_THREAD = 2;

/**
 * MiB for young objects in a thread. Theirs die at once: a large space would just fill up before it is
 * swept, and three times 16 MiB a thread is a good part of what packing may take.
 */
const YOUNG_MIB = 6;

/** What this thread does alone in less time than a worker thread takes to start, which is that of a process: some 60 ms. */
const SMALL: Work = { entries: 400, bytes: 2 << 20 };

/** How much is to be done. */
export interface Work {
  readonly entries: number;
  /** Of their content. */
  readonly bytes: number;
}

interface Waiting {
  readonly task: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker | HereThread;
  readonly gate: Gate | null;
  readonly pending: Map<number, Waiting>;
}

/**
 * Threads that do the tasks of a job, and then of another: the one that it is in, until `start` is called; worker threads
 * from then on. The first thread that fails, dies or is aborted fails every task, those to come included; a task's own
 * error fails just that task.
 */
export class Pool {
  readonly #wanted: number;
  readonly #here: Thread;
  #threads: readonly Thread[];
  #job: JobMessage | null = null;
  readonly #queue: Waiting[] = [];
  readonly #signal: AbortSignal | undefined;
  #failure: Error | null = null;
  #next = 0;

  /**
   * @param threads how many to start; fewer do the work where the system starts no more
   * @param signal ends the threads at once and fails what they had to do with INTERRUPTED
   */
  constructor(threads: number, signal?: AbortSignal) {
    this.#signal = signal;
    this.#wanted = Math.max(1, threads);
    const worker = new HereThread((reply) => {
      this.#settle(this.#here, reply);
    });
    this.#here = { worker, gate: null, pending: new Map() };
    this.#threads = [this.#here];
    if (signal?.aborted === true) this.#failure = interrupted(signal);
    signal?.addEventListener("abort", this.#abort);
  }

  /**
   * Starts the worker threads, once. Tasks that this thread has are done by it.
   *
   * @throws EnvpackError IO where not one can be started
   */
  start(): void {
    if (this.#failure !== null || this.isStarted) return;
    this.#threads = this.#startAll(this.#wanted);
    if (this.#job !== null) this.#assignTo(this.#threads, this.#job);
  }

  /** Starts them unless there is so little to do that it is done sooner without. */
  startFor({ entries, bytes }: Work): void {
    if (entries > SMALL.entries || bytes > SMALL.bytes) this.start();
  }

  /** Whether there are worker threads: else all tasks are done by the thread that the pool is in. */
  get isStarted(): boolean {
    return this.#threads[0] !== this.#here;
  }

  /** How many there are. */
  get threads(): number {
    return this.#threads.length;
  }

  /** How many tasks keep all threads busy; more just wait. */
  get capacity(): number {
    return this.#threads.length * TASKS_A_THREAD;
  }

  /** What the tasks that follow belong to. */
  assign(job: Job): void {
    this.#job = { job };
    this.#assignTo(this.#threads, this.#job);
  }

  #assignTo(threads: readonly Thread[], job: JobMessage): void {
    for (const { worker } of threads) worker.postMessage(job);
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
    await Promise.all(this.#all().map(end));
  }

  #all(): readonly Thread[] {
    return [this.#here, ...this.#threads];
  }

  readonly #abort = (): void => {
    this.#fail(interrupted(this.#signal));
    for (const thread of this.#all()) void end(thread);
  };

  /** As many as can be had: a limit that nobody told of shows when a thread is refused. */
  #startAll(wanted: number): readonly Thread[] {
    const threads: Thread[] = [];
    while (threads.length < wanted) {
      try {
        threads.push(this.#start());
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_INIT_FAILED") throw error;
        if (threads.length > 0) break;
        throw new EnvpackError("IO", `no worker thread can be started (${(error as Error).message})`, {
          hint: "allow this user and this container more processes (`ulimit -u`, pids.max) or more memory",
          cause: error,
        });
      }
    }
    return threads;
  }

  #start(): Thread {
    const gate = new Gate();
    const workerData: ThreadData = { envpackThread: true, gate: gate.shared };
    const worker = new Worker(threadScript(), { workerData, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
    const thread: Thread = { worker, gate, pending: new Map() };
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
      gate.leave();
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
    const open = [...this.#queue.splice(0), ...this.#all().flatMap(({ pending }) => [...pending.values()])];
    for (const { pending } of this.#all()) pending.clear();
    for (const waiting of open) waiting.reject(this.#failure);
  }
}

async function end({ worker, gate }: Thread): Promise<void> {
  await gate?.shut();
  await worker.terminate();
}

function interrupted(signal: AbortSignal | undefined): EnvpackError {
  return new EnvpackError("INTERRUPTED", "interrupted", { cause: signal?.reason });
}

/** Has a pool for as long as something takes. */
export async function withPool<Result>(
  threads: number,
  signal: AbortSignal | undefined,
  use: (pool: Pool) => Promise<Result>,
): Promise<Result> {
  // The threads that Node.js reads files with come first: it ends the process where they cannot be started.
  await access(".").catch(() => undefined);
  const pool = new Pool(threads, signal);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}
