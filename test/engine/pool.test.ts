import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { Pool } from "../../src/engine/threads/pool.js";
import { useThreadScript } from "../../src/engine/threads/thread-script.js";
import type { ListTask } from "../../src/listing/lister.js";
import type { ListedPart } from "../../src/listing/tree-walker.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder("pool");
for (const name of ["a", "b", "c"]) {
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, "file"), name);
}
const task = (): ListTask => ({ root, folders: ["a", "b", "c"], taken: new Int32Array(new SharedArrayBuffer(4)) });

/** Who does a task, and whether the pool was started for that. */
const THREADS = [
  ["in this thread", false],
  ["in a worker thread", true],
] as const;

/** The folders that were listed, by whichever thread. */
async function list(pool: Pool): Promise<string[]> {
  const parts = await Promise.all(pool.runEverywhere<ListedPart>(task()));
  return parts.flatMap(({ folders }) => (folders === "" ? [] : folders.split("\0"))).sort();
}

test("little work starts no worker thread, much does, and what is assigned before holds for them too", async () => {
  const pool = new Pool(2);
  try {
    pool.assign({ kind: "list" });
    pool.startFor({ entries: 3, bytes: 3 });
    expect(pool.threads).toBe(1);
    expect(await list(pool)).toEqual(["a", "b", "c"]);
    for (const work of [
      { entries: 3, bytes: 1 << 30 },
      { entries: 1 << 20, bytes: 3 },
    ]) {
      pool.startFor(work);
      expect(pool.threads).toBe(2);
    }
    const parts = pool.runEverywhere<ListedPart>(task());
    expect(parts).toHaveLength(2);
    expect((await Promise.all(parts)).flatMap(({ counts }) => [...counts])).toEqual([1, 1, 1]);
    expect(await list(pool)).toEqual(["a", "b", "c"]);
  } finally {
    await pool.close();
  }
});

test.each(THREADS)("what a task fails with %s is told, and the next one is done", async (_, isStarted) => {
  const pool = new Pool(1);
  try {
    pool.assign({ kind: "list" });
    if (isStarted) pool.start();
    await expect(pool.run({ root, folders: null, taken: task().taken })).rejects.toThrow(/null/);
    expect(await list(pool)).toEqual(["a", "b", "c"]);
  } finally {
    await pool.close();
  }
});

test.each(THREADS)("tasks %s fail when the work is interrupted, and those to come as well", async (_, isStarted) => {
  const control = new AbortController();
  const pool = new Pool(1, control.signal);
  pool.assign({ kind: "list" });
  if (isStarted) pool.start();
  const running = pool.run(task());
  control.abort();
  await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect(pool.run(task())).rejects.toMatchObject({ code: "INTERRUPTED" });
  pool.start();
  expect(pool.threads).toBe(1);
  await pool.close();
});

test("buffers that are handed over are empty here afterwards, whichever thread has them", async () => {
  for (const isStarted of [false, true]) {
    const pool = new Pool(1);
    try {
      pool.assign({ kind: "list" });
      if (isStarted) pool.start();
      const bytes = new ArrayBuffer(8);
      const { numbers } = await pool.run<ListedPart>({ ...task(), bytes }, [bytes]);
      expect([bytes.byteLength, numbers.length > 0]).toEqual([0, true]);
    } finally {
      await pool.close();
    }
  }
});

test("a thread that dies while it compresses fails what it had to do, and the pool closes all the same", async () => {
  const script = join(root, "dies.cjs");
  writeFileSync(script, 'new Int32Array(require("node:worker_threads").workerData.gate)[0] = 1; setTimeout(() => process.exit(3), 10);');
  useThreadScript(script);
  const pool = new Pool(1);
  try {
    pool.start();
    await expect(pool.run(task())).rejects.toThrow("a worker thread ended by itself (status 3)");
  } finally {
    useThreadScript(inject("threadScript"));
    await pool.close();
  }
});
