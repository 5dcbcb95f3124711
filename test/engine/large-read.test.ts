import { closeSync, ftruncateSync, openSync, readFileSync, utimesSync, writeSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { checkArchive } from "../../src/engine/read/check.js";
import { extractArchive } from "../../src/engine/read/extract.js";
import { withPool } from "../../src/engine/threads/pool.js";
import { writeArchive } from "../../src/engine/write/write.js";
import { noise } from "./noise.js";
import { diskFile, file, folder, GENEROUS, MemorySink, MTIME, pack, scratch, withStart } from "./trees.js";

const FRAME = 4 << 20;
/** So many frames of a file are read by one thread; more are handed out one by one. */
const TOGETHER = 64;

async function store(archive: Buffer): Promise<string> {
  const path = join(await scratch(), "archive");
  await writeFile(path, archive);
  return path;
}

test.each(["tar.zst", "tar.gz", "tar", "zip"] as const)(
  "a file of several frames is written whole from a %s, between its neighbours",
  async (format) => {
    const large = noise(3 * FRAME + 12_345);
    const entries = [folder("app"), file("app/before", "1"), file("app/large", large, true), file("app/later", "2")];
    const path = await store((await pack(entries, format)).archive);
    for (const threads of [1, 3]) {
      const target = join(await scratch(), "target");
      await mkdir(target);
      await extractArchive({ kind: "file", path }, target, { threads, limits: GENEROUS });
      expect(readFileSync(join(target, "app/large")).equals(large)).toBe(true);
      expect(["before", "later"].map((name) => readFileSync(join(target, "app", name), "utf8"))).toEqual(["1", "2"]);
    }
  },
);

test("damage in any frame of a large file is told by the file's name", async () => {
  const { archive } = await pack(
    [folder("app"), file("app/a", noise(100_000, 2)), file("app/large", noise(3 * FRAME, 3)), file("app/z", "z")],
    "tar.zst",
  );
  for (const part of [0.1, 0.4, 0.6, 0.95]) {
    const bad = Buffer.from(archive);
    const at = 200_000 + Math.floor(part * 3 * FRAME);
    bad[at] = (bad[at] ?? 0) ^ 4;
    const path = await store(bad);
    for (const threads of [1, 2])
      await expect(checkArchive({ kind: "file", path }, { threads, limits: GENEROUS })).rejects.toMatchObject({ path: "app/large" });
  }
});

test.each([TOGETHER, TOGETHER + 1])("a file of %d frames is read and checked", async (frames) => {
  const source = join(await scratch(), "large");
  const descriptor = openSync(source, "w");
  // Holes but for its beginning and its end.
  writeSync(descriptor, "begin", 0);
  writeSync(descriptor, "end", frames * FRAME - 512 - 3);
  ftruncateSync(descriptor, frames * FRAME - 512);
  closeSync(descriptor);
  utimesSync(source, 1, 1);
  const { archive, indexSha256 } = await pack([folder("app"), await diskFile("app/large", source), file("app/z", "z")], "tar.zst");
  const path = await store(archive);
  const checked = await checkArchive({ kind: "file", path }, { threads: 2, limits: GENEROUS });
  expect(checked.index.frames.filter(({ count }) => count === 0)).toHaveLength(frames - 1);
  expect(checked.footer?.indexSha256).toBe(indexSha256);
  const bad = Buffer.from(archive);
  const last = checked.index.frames.filter(({ count }) => count === 0).at(-1);
  const at = (last?.at ?? 0) + (last?.size ?? 0) - 6;
  bad[at] = (bad[at] ?? 0) ^ 1;
  const damaged = await store(bad);
  await expect(checkArchive({ kind: "file", path: damaged }, { threads: 2, limits: GENEROUS })).rejects.toMatchObject({
    code: expect.stringMatching(/^(ARCHIVE_CORRUPT|DIGEST_MISMATCH)$/) as unknown,
  });
});

test("a path that is there twice is refused before anything is written, though frames are made already", async () => {
  const sink = new MemorySink();
  const entries = withStart([folder("app"), file("app/a", noise(9 << 20)), file("app/b", "b"), file("app/b", "b")]);
  await withPool(2, undefined, async (pool) => {
    const request = { entries, arcroot: "", format: "tar.zst" as const, pool, mtime: MTIME, roots: [], tail: () => [] };
    await expect(writeArchive(request, sink)).rejects.toMatchObject({ code: "ARCHIVE_UNSAFE", path: "app/b" });
    expect(sink.bytes.length).toBe(0);
    // The threads are free again.
    const other = new MemorySink();
    await writeArchive({ ...request, entries: entries.slice(0, -1) }, other);
    expect(other.bytes.length).toBeGreaterThan(9 << 20);
  });
});
