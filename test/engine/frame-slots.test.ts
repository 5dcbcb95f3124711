import { expect, test } from "vitest";
import "../setup.js";
import { Pool } from "../../src/engine/threads/pool.js";
import { FrameSlots } from "../../src/engine/write/frame-slots.js";
import { framesInFlight, writeArchive } from "../../src/engine/write/write.js";
import type { Sink } from "../../src/engine/sinks/output.js";
import { noise } from "./noise.js";
import { file, folder, MTIME, withStart } from "./trees.js";

/** Frames that compress well, one that does not at all, and a file that spans frames: more than there are slots. */
const ENTRIES = withStart([
  folder("app"),
  ...Array.from({ length: 14 }, (_, index) => file(`app/${String(index).padStart(2, "0")}`, Buffer.alloc(2_100_000, index))),
  file("app/large", noise(9_000_001)),
]);

/** Keeps a copy of what it is given; one that gives its bytes back spoils them, as the next frame would. */
class CopyingSink implements Sink {
  readonly chunks: Buffer[] = [];
  readonly returnsBytes?: true;

  constructor(returnsBytes: boolean) {
    if (returnsBytes) this.returnsBytes = true;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.chunks.push(Buffer.from(bytes));
    if (this.returnsBytes === true && bytes.buffer instanceof SharedArrayBuffer) bytes.fill(0xff);
  }

  async commit(): Promise<void> {}

  async abort(): Promise<void> {}
}

async function write(format: "tar" | "tar.zst" | "zip", threads: number, sink: CopyingSink): Promise<Buffer> {
  const pool = new Pool(threads);
  try {
    const tail = (): never[] => [file(".envpack/fixups.jsonl", "") as never];
    await writeArchive({ entries: ENTRIES, arcroot: "", format, pool, mtime: MTIME, roots: [], tail }, sink);
    return Buffer.concat(sink.chunks);
  } finally {
    await pool.close();
  }
}

test.each(["tar", "tar.zst", "zip"] as const)("a %s has the same bytes from slots that are used again as from buffers", async (format) => {
  const buffers = await write(format, 2, new CopyingSink(false));
  for (const threads of [1, 3]) expect((await write(format, threads, new CopyingSink(true))).equals(buffers)).toBe(true);
});

test("a slot is given once until it is given back, and none where all are in use", () => {
  const slots = new FrameSlots(2);
  const [one, other] = [slots.take(), slots.take()];
  expect(new Set([one, other]).size).toBe(2);
  expect(slots.take()).toBeUndefined();
  slots.give(other);
  slots.give(undefined);
  expect(slots.take()).toBe(other);
  expect(slots.take()).toBeUndefined();
});

test("slots are bounded by the frames in flight, whatever the number of threads", () => {
  const { memory } = new FrameSlots(framesInFlight(64));
  expect(memory.byteLength).toBeLessThan(72 * (5 << 20));
});
