import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import "../setup.js";
import { META, type PlannedEntry } from "../../src/archive/entry.js";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { openArchiveFile } from "../../src/engine/read/open-archive-file.js";
import { checkArchive } from "../../src/engine/read/check.js";
import { openInput } from "../../src/engine/read/open-input.js";
import { extractOpened } from "../../src/engine/read/extract.js";
import type { ArchiveInput } from "../../src/engine/read/input.js";
import { has } from "../real/commands.js";
import { file, folder, GENEROUS, MANIFEST, pack, readTree, scratch } from "./trees.js";
import { noise } from "./noise.js";

const run = promisify(execFile);
const FORMATS: readonly ArchiveFormat[] = ["tar.zst", "tar.gz", "tar"];

const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "console.log(1)\n"),
  file("app/empty", ""),
  folder("app/empty-folder"),
  { type: "symlink", path: "app/link", target: "a.js" },
  { type: "symlink", path: "app/dangling", target: "nowhere/at/all" },
  { type: "hardlink", path: "app/twin.js", executable: false, target: "app/a.js" },
  file("app/zeros", Buffer.alloc(9 << 20)),
  file(`app/${"é".repeat(100)}`, "long name"),
  folder(`app/${"d".repeat(120)}`),
  file(`app/${"d".repeat(120)}/${"e".repeat(120)}`, "longer than ustar's fields"),
  folder("bin"),
  file("bin/large", noise(9_500_001), true),
  file("bin/node", "#!/bin/sh\n", true),
  { type: "hardlink", path: "bin/nodejs", executable: true, target: "bin/node" },
  ...Array.from({ length: 900 }, (_, index) => file(`bin/z${index}`, noise(9000, index + 2))),
];

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.each(FORMATS)("a %s archive", (format) => {
  test.for(["", "root", "deep/er"])(
    "is restored as it was packed, from a file and from a stream, with the root folder %j",
    async (arcroot, { skip }) => {
      if (format === "tar.zst" && !has("zstd")) skip("GNU tar needs the zstd program, which is not installed here");
      const { archive } = await pack(ENTRIES, format, { arcroot });
      const base = await scratch();
      const path = join(base, "archive");
      await writeFile(path, archive);
      const inputs: ArchiveInput[] = [
        { kind: "file", path },
        { kind: "stream", stream: Readable.from(chunked(archive, 65536)) },
        { kind: "stream", stream: Readable.from(chunked(archive, 10007)) },
      ];
      await mkdir(join(base, "tar"));
      await run("tar", ["-xf", path, "-C", join(base, "tar"), "--no-same-owner"]);
      const expected = readTree(join(base, "tar", arcroot));
      expect(expected.size).toBe(ENTRIES.length + 3);
      for (const [index, input] of inputs.entries()) {
        const target = join(base, `out${index}`);
        await mkdir(target);
        const opened = await openInput(input, {});
        expect(readTree(target).size).toBe(0);
        expect(Buffer.from(opened.start.manifest).toString()).toBe(MANIFEST);
        const result = await extractOpened(opened, target, { threads: 2, limits: GENEROUS });
        await opened.close();
        expect(result.index.entries.length).toBe(ENTRIES.length + 2);
        expect(readTree(target)).toEqual(expected);
      }
    },
  );

  test("has the same bytes for any number of threads, and passes its check", async () => {
    const one = await pack(ENTRIES, format, { threads: 1 });
    const three = await pack(ENTRIES, format, { threads: 3 });
    expect(one.archive.equals(three.archive)).toBe(true);
    expect(one.sha256).toBe(three.sha256);
    const checked = await checkArchive(
      { kind: "stream", stream: Readable.from(chunked(one.archive, 1 << 20)) },
      { threads: 2, limits: GENEROUS },
    );
    expect(checked.index.totals.entries).toBe(one.entries);
  });

  test("is listed, and single files are read, by its footer and index", async () => {
    const { archive, indexSha256, bytes } = await pack(ENTRIES, format);
    const path = join(await scratch(), "archive");
    await writeFile(path, archive);
    const opened = await openArchiveFile(path, { limits: { entries: 1000, bytes: 1 << 30 } });
    expect(opened.indexSha256).toBe(indexSha256);
    expect(opened.index.format).toBe(format);
    expect(opened.index.totals.bytes).toBe(bytes);
    expect(Buffer.from(await opened.readFile(META.manifest, 1000)).toString()).toBe(MANIFEST);
    expect(Buffer.from(await opened.readFile("bin/large", 1e8)).equals(noise(9_500_001))).toBe(true);
    expect(Buffer.from(await opened.readFile("app/twin.js", 1000)).toString()).toBe("console.log(1)\n");
    await expect(opened.readFile("bin/large", 1000)).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
    await opened.close();
  });
});
