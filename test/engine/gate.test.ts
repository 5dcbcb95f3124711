import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { none } from "../../src/archive/codec/none.js";
import { openCheckJob } from "../../src/engine/read/extract-frame.js";
import { Gate, ownGate } from "../../src/engine/threads/gate.js";
import { openPackJob } from "../../src/engine/write/pack-frame.js";
import { bundleProgram } from "../bundle-program.js";
import { scratchFolder } from "../scratch.js";

/** Ends threads that do nothing but make streams. Without the gate Node.js aborts at about one in thirty. */
const ENDING = `
  import { once } from "node:events";
  import { Worker, isMainThread, parentPort } from "node:worker_threads";
  import { deflateRawSync } from "node:zlib";
  import { Gate, ownGate } from "./engine/threads/gate.ts";
  async function startAndEnd() {
    const gate = new Gate();
    const worker = new Worker(new URL(import.meta.url), { workerData: { envpackThread: true, gate: gate.shared } });
    await once(worker, "message");
    await gate.shut();
    await worker.terminate();
  }
  if (isMainThread) {
    for (let round = 0; round < 15; round++) await Promise.all(Array.from({ length: 8 }, startAndEnd));
    console.log("whole");
  } else {
    parentPort.postMessage("started");
    const content = new Uint8Array(64);
    for (;;) ownGate.pass(() => deflateRawSync(content, { chunkSize: 128 }));
  }`;

test("33: threads are ended in the midst of compressing, and the process goes on", () => {
  const program = join(scratchFolder("gate"), "threads.mjs");
  bundleProgram(ENDING, program);
  const { status, stdout, signal } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: "whole\n" });
});

test("frames are compressed and decompressed inside of the thread's gate", async () => {
  const words = new Int32Array(ownGate.shared);
  const seen: (number | undefined)[] = [];
  const [encode, decode] = [none.encode.bind(none), none.decode.bind(none)];
  vi.spyOn(none, "encode").mockImplementation((...args) => (seen.push(words[0]), encode(...args)));
  vi.spyOn(none, "decode").mockImplementation((...args) => (seen.push(words[0]), decode(...args)));
  const shape = { arcroot: "", mtime: 0, times: "content" } as const;
  const pack = await openPackJob({ kind: "pack", codec: "none", level: undefined, shape, roots: [], forReuse: false });
  const check = await openCheckJob({ kind: "check", codec: "none", folder: null });
  pack({ kind: "tar", tar: new Uint8Array(512), part: true } as never);
  check({ frame: new Uint8Array(512), part: true, shape, select: "all" } as never);
  expect([seen, words[0]]).toEqual([[1, 1], 0]);
});

test("a gate shuts once nothing is inside, or the thread is gone that was", async () => {
  const gate = new Gate();
  expect(gate.pass(() => 1)).toBe(1);
  expect(() => gate.pass(() => JSON.parse("{") as unknown)).toThrow(SyntaxError);
  await gate.shut();
  const left = new Gate();
  // What was inside of a thread that died stays there for ever.
  new Int32Array(left.shared)[0] = 1;
  let isShut = false;
  const shutting = left.shut().then(() => (isShut = true));
  await sleep(20);
  expect(isShut).toBe(false);
  left.leave();
  await shutting;
});

test("a gate that is shut lets nothing in, and stops what comes out", async () => {
  vi.spyOn(Atomics, "wait").mockImplementation(() => {
    throw new Error("stopped");
  });
  const shut = new Gate();
  await shut.shut();
  const work = vi.fn();
  expect(() => shut.pass(work)).toThrow("stopped");
  expect(work).not.toHaveBeenCalled();
  const gate = new Gate();
  let shutting = Promise.resolve();
  expect(() => {
    gate.pass(() => {
      shutting = gate.shut();
    });
  }).toThrow("stopped");
  await shutting;
  vi.restoreAllMocks();
});
