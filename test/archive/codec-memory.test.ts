import { expect, test } from "vitest";
import { loadCodec } from "../../src/archive/codec/load.js";
import { release } from "../../src/archive/release.js";
import { encodeHeader } from "../../src/archive/tar/header.js";
import { descriptorBytes } from "../../src/archive/zip/headers.js";

const FRAME = 4 << 20;
const TIMES = 8;
const LINE = "a line like all the others\n";

/* A thread has little alive, and V8 does not look at its buffers before there are 64 MiB of them. */
test.each([
  ["gzip", "lines", Buffer.alloc(FRAME, LINE), false],
  ["zstd", "lines", Buffer.alloc(FRAME, LINE), false],
  ["zip", "many files", files(4096), false],
  ["zip", "the end of a large file", Buffer.alloc(FRAME - 512, LINE), true],
])("what %s decoded of %s is all that it leaves behind", async (name, _what, tar, part) => {
  const codec = await loadCodec(name);
  // Far smaller than what it holds, as files of many like lines are.
  const encoded = codec.encode(tar, undefined, part, part ? 0 : undefined);
  // The last piece of a file has its descriptor behind it.
  const frame = part ? Buffer.concat([encoded, Buffer.alloc(descriptorBytes(FRAME))]) : encoded;
  expect(frame.length * 4).toBeLessThan(tar.length);
  release(codec.decode(frame).plain);
  const before = process.memoryUsage().arrayBuffers;
  for (let time = 0; time < TIMES; time++) release(codec.decode(frame).plain);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(FRAME / 2);
});

/** Half a frame of them. */
function files(size: number): Buffer {
  const body = Buffer.alloc(size, LINE);
  const names = Array.from({ length: FRAME / 2 / size }, (_, number) => `file-${number}`);
  const common = { type: "0", executable: false, size, linkname: "", mtime: 0 } as const;
  return Buffer.concat(names.flatMap((name) => [encodeHeader({ ...common, name }), body]));
}
