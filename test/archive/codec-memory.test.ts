import { expect, test } from "vitest";
import { loadCodec } from "../../src/archive/codec/load.js";
import { release } from "../../src/archive/release.js";

const FRAME = 4 << 20;
const TIMES = 8;

/* A thread has little alive, and V8 does not look at its buffers before there are 64 MiB of them. */
test.each(["gzip", "zstd"])("what %s decoded is all that it leaves behind", async (name) => {
  const codec = await loadCodec(name);
  // Far smaller than what it holds, as files of many like lines are.
  const frame = codec.encode(Buffer.alloc(FRAME, "a line like all the others\n"), undefined, false);
  expect(frame.length * 8).toBeLessThan(FRAME);
  release(codec.decode(frame).plain);
  const before = process.memoryUsage().arrayBuffers;
  for (let time = 0; time < TIMES; time++) release(codec.decode(frame).plain);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(FRAME / 2);
});
