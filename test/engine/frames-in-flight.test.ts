import { expect, test } from "vitest";
import "../setup.js";
import { Pool } from "../../src/engine/threads/pool.js";
import { framesInFlight, writeArchive } from "../../src/engine/write/write.js";
import { onPhase } from "../../src/support/phases.js";
import { file, folder, MTIME, withStart } from "./trees.js";

/** As many threads as it says, to whoever asks; and counts what it is given. */
class CountingPool extends Pool {
  begun = 0;

  constructor(private readonly said: number) {
    super(1);
  }

  override get threads(): number {
    return this.said;
  }

  override run<Result>(task: unknown): Promise<Result> {
    this.begun++;
    return super.run<Result>(task);
  }
}

/** A frame an entry: two of them do not fit into one. */
const ENTRIES = withStart([
  folder("app"),
  ...Array.from({ length: 30 }, (_, index) => file(`app/${String(index).padStart(2, "0")}`, Buffer.alloc(2_100_000, index))),
]);

test.each([1, 2, 4, 16])("%d threads hold no more frames than one each and a few that wait", async (threads) => {
  const pool = new CountingPool(threads);
  let written = 0;
  let most = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, pool.begun - written++);
  };
  try {
    const request = {
      entries: ENTRIES,
      arcroot: "",
      format: "tar" as const,
      pool,
      mtime: MTIME,
      roots: [],
      tail: () => [file(".envpack/fixups.jsonl", "") as never],
    };
    await writeArchive(request, { write, commit: async () => undefined, abort: async () => undefined });
  } finally {
    await pool.close();
  }
  expect(most).toBeGreaterThanOrEqual(Math.min(threads, 30));
  expect(most).toBeLessThanOrEqual(framesInFlight(threads));
  expect(framesInFlight(threads)).toBeLessThanOrEqual(threads + 8);
});

test("phases of packing end in their order", async () => {
  const phases: string[] = [];
  onPhase((phase) => phases.push(phase));
  const pool = new CountingPool(1);
  try {
    const request = {
      entries: ENTRIES.slice(0, 5),
      arcroot: "",
      format: "tar" as const,
      pool,
      mtime: MTIME,
      roots: [],
      tail: () => [file(".envpack/fixups.jsonl", "") as never],
    };
    await writeArchive(request, { write: async () => undefined, commit: async () => undefined, abort: async () => undefined });
  } finally {
    await pool.close();
  }
  expect(phases).toEqual(["first frame", "last frame"]);
});
