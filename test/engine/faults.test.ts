import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { checkOpened } from "../../src/engine/read/check.js";
import { openInput } from "../../src/engine/read/open-input.js";
import { extractArchive } from "../../src/engine/read/extract.js";
import { openOutput, writableSink } from "../../src/engine/sinks/output.js";
import { diskFile, file, folder, GENEROUS, MANIFEST, pack, readTree, scratch } from "./trees.js";

const run = promisify(execFile);

describe("40: packing a file that", () => {
  const changes: [string, (path: string) => Promise<void>][] = [
    ["grew", (path) => appendFile(path, "more")],
    ["shrank", (path) => truncate(path, 3)],
    ["vanished", (path) => rm(path)],
    [
      "became a folder",
      async (path) => {
        await rm(path);
        await mkdir(path);
      },
    ],
    [
      "became a fifo",
      async (path) => {
        await rm(path);
        await run("mkfifo", [path]);
      },
    ],
    [
      "became a link",
      async (path) => {
        await rm(path);
        await symlink("/etc/passwd", path);
      },
    ],
    [
      "was written again",
      async (path) => {
        await writeFile(path, "CONTENT");
        await utimes(path, 1, 1);
      },
    ],
  ];
  test.each(changes)("%s since it was planned is refused by its name", async (_, change) => {
    const path = join(await scratch(), "file");
    await writeFile(path, "content");
    const planned = await diskFile("app/file", path);
    await change(path);
    await expect(pack([folder("app"), planned], "tar")).rejects.toMatchObject({ code: expect.stringMatching(/^SOURCE_/), path });
  });

  test("cannot be read is refused by its name", async (context) => {
    if (process.getuid?.() === 0) context.skip("root may read everything");
    const path = join(await scratch(), "file");
    await writeFile(path, "content");
    const planned = await diskFile("app/file", path);
    await chmod(path, 0);
    await expect(pack([folder("app"), planned], "tar")).rejects.toMatchObject({ code: "SOURCE_UNREADABLE", path });
  });
});

describe("an interrupt", () => {
  test("ends packing", async () => {
    const control = new AbortController();
    const entries = [folder("app"), ...Array.from({ length: 40 }, (_, index) => file(`app/${index}`, Buffer.alloc(3 << 20)))];
    const packing = pack(entries, "tar.zst", {
      signal: control.signal,
      onProgress: () => {
        control.abort();
      },
    });
    await expect(packing).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  test("ends waiting for a stream that says no more", async () => {
    const { archive } = await pack([folder("app")], "tar.zst");
    const stream = new PassThrough();
    stream.write(archive.subarray(0, archive.length - 20));
    const control = new AbortController();
    const opened = await openInput({ kind: "stream", stream }, { signal: control.signal });
    const checking = checkOpened(opened, { threads: 1, signal: control.signal, limits: GENEROUS });
    setTimeout(() => {
      control.abort();
    }, 10);
    await expect(checking).rejects.toMatchObject({ code: "INTERRUPTED" });
    await opened.close();
  });
});

test("an archive whose manifest is read, and no more, writes nothing", async () => {
  const { archive } = await pack([folder("app"), file("app/a", "a")], "tar.gz");
  const target = await scratch();
  const stream = Readable.from([archive]);
  const opened = await openInput({ kind: "stream", stream }, {});
  expect(Buffer.from(opened.start.manifest).toString()).toBe(MANIFEST);
  await opened.close();
  expect(stream.destroyed).toBe(true);
  expect(await readdir(target)).toEqual([]);
});

test("a path that the folder holds already is refused, and what is there stays", async () => {
  const { archive } = await pack([folder("app"), file("app/a", "a")], "tar");
  const target = await scratch();
  const outside = join(await scratch(), "victim");
  await mkdir(join(target, "app"));
  await symlink(outside, join(target, "app/a"));
  const reading = extractArchive({ kind: "stream", stream: Readable.from([archive]) }, target, { threads: 1, limits: GENEROUS });
  await expect(reading).rejects.toMatchObject({ code: "ARCHIVE_UNSAFE", path: "app/a" });
  expect(existsSync(outside)).toBe(false);
});

test.each(["file", "stream"] as const)("only what is wanted is written, from a %s", async (kind) => {
  const large = file("app/large", Buffer.alloc(9 << 20, "large"));
  const { archive } = await pack([folder("app"), file("app/a", "a"), file("app/b", "b"), large, file("app/z", "z")], "tar.zst");
  const base = await scratch();
  const path = join(base, "archive");
  await writeFile(path, archive);
  for (const wanted of [["app/b"], ["app/large", "app/z"]]) {
    const target = join(base, wanted.join("+").replaceAll("/", "-"));
    await mkdir(target);
    const input = kind === "file" ? { kind, path } : { kind, stream: Readable.from([archive]) };
    await extractArchive(input, target, { threads: 2, only: (name) => wanted.includes(name), limits: GENEROUS });
    expect([...readTree(target).keys()].sort()).toEqual(["app", ...wanted]);
  }
});

describe("an output", () => {
  test("appears whole, and obeys the umask", async () => {
    const path = join(await scratch(), "out");
    const sink = await openOutput(path, { force: false });
    await sink.write(Buffer.from("one "));
    expect(existsSync(path)).toBe(false);
    await sink.write(Buffer.from("two"));
    await sink.commit();
    expect(await readFile(path, "utf8")).toBe("one two");
    expect((await stat(path)).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(await readdir(join(path, ".."))).toEqual(["out"]);
  });

  test("that is given up leaves nothing, and an older one whole", async () => {
    const path = join(await scratch(), "out");
    await writeFile(path, "older");
    const sink = await openOutput(path, { force: true });
    await sink.write(Buffer.from("newer"));
    await sink.abort();
    expect(await readFile(path, "utf8")).toBe("older");
    expect(await readdir(join(path, ".."))).toEqual(["out"]);
  });

  test("makes the folders above it, which go again where it is given up", async () => {
    const folder = await scratch();
    const path = join(folder, "a/b/out");
    await (await openOutput(path, { force: false })).abort();
    expect(await readdir(folder)).toEqual([]);
    await (await openOutput(path, { force: false })).commit();
    expect(await readdir(join(folder, "a/b"))).toEqual(["out"]);
  });

  test("may have the longest name", async () => {
    const path = join(await scratch(), "x".repeat(255));
    await (await openOutput(path, { force: false })).commit();
    expect(existsSync(path)).toBe(true);
  });

  test("that exists is replaced only by force, also where it came up meanwhile", async () => {
    const path = join(await scratch(), "out");
    const early = await openOutput(path, { force: false });
    await writeFile(path, "older");
    await expect(openOutput(path, { force: false })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    await expect(early.commit()).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    await early.abort();
    expect(await readFile(path, "utf8")).toBe("older");
    await expect(openOutput(join(path, ".."), { force: true })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
  });

  test("of a stream waits for it, and tells its failure", async () => {
    const sink = writableSink(
      new Writable({
        write: (_chunk, _encoding, done) => {
          done(Object.assign(new Error("gone"), { code: "EPIPE", syscall: "write" }));
        },
      }),
    );
    await expect(sink.write(Buffer.from("x"))).rejects.toMatchObject({ code: "IO" });
    await expect(sink.write(Buffer.from("x"))).rejects.toMatchObject({ code: "IO" });
  });
});
