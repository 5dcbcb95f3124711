import { expect, test } from "vitest";
import "../setup.js";
import { Pool } from "../../src/engine/threads/pool.js";
import type { PackTask } from "../../src/engine/write/pack-frame.js";
import type { ContentDigest } from "../../src/engine/write/read-content.js";
import { writeArchive } from "../../src/engine/write/write.js";
import { file, folder, MTIME, withStart } from "./trees.js";

/** Notes what it is given, and says of a file's digest what it is told to. */
class NotingPool extends Pool {
  readonly tasks: string[] = [];

  constructor(private readonly change: (digest: ContentDigest) => ContentDigest) {
    super(1);
  }

  override async run<Result>(task: unknown): Promise<Result> {
    const { kind } = task as PackTask;
    this.tasks.push(kind);
    const result = await super.run<Result>(task);
    return kind === "digest" ? (this.change(result as ContentDigest) as Result) : result;
  }
}

/** Two files of two pieces, behind a few small ones. */
const ENTRIES = withStart([
  folder("app"),
  file("app/a", "a"),
  file("app/b", Buffer.alloc(5 << 20, "b")),
  file("app/c", Buffer.alloc(6 << 20, "c")),
]);

async function packWith(change: (digest: ContentDigest) => ContentDigest): Promise<readonly string[]> {
  const pool = new NotingPool(change);
  const tail = (): never[] => [file(".envpack/fixups.jsonl", "") as never];
  try {
    await writeArchive(
      { entries: ENTRIES, arcroot: "", format: "tar", pool, mtime: MTIME, times: "content", roots: [], tail },
      { write: async () => undefined, commit: async () => undefined, abort: async () => undefined },
    );
    return pool.tasks;
  } finally {
    await pool.close();
  }
}

test("a large file is digested once, before anything is packed", async () => {
  const tasks = await packWith((digest) => digest);
  expect(tasks.filter((kind) => kind === "digest")).toHaveLength(2);
  expect(tasks[0]).toBe("digest");
  expect(tasks.filter((kind) => kind === "piece")).toHaveLength(4);
});

test("a large file whose pieces are not what was digested has changed", async () => {
  await expect(packWith((digest) => ({ ...digest, crc32: digest.crc32 ^ 1 }))).rejects.toMatchObject({
    code: "SOURCE_CHANGED",
    path: "app/b",
  });
});
