import { execFile } from "node:child_process";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import "../setup.js";
import { META, type PlannedEntry } from "../../src/archive/entry.js";
import { openArchiveFile } from "../../src/engine/read/open-archive-file.js";
import { checkArchive, checkOpened } from "../../src/engine/read/check.js";
import { openInput } from "../../src/engine/read/open-input.js";
import { extractOpened } from "../../src/engine/read/extract.js";
import { EnvpackError } from "../../src/support/errors.js";
import { has } from "../real/commands.js";
import { diskFile, file, folder, GENEROUS, MANIFEST, pack, readTree, scratch } from "./trees.js";
import { noise } from "./noise.js";

const run = promisify(execFile);

const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "console.log(1)\n"),
  file("app/empty", ""),
  folder("app/empty-folder"),
  { type: "symlink", path: "app/link", target: "a.js" },
  { type: "symlink", path: "app/dangling", target: "nowhere/at/äll" },
  file("app/zeros", Buffer.alloc(9 << 20)),
  file(`app/${"é".repeat(100)}`, "long name"),
  folder(`app/${"d".repeat(120)}`),
  file(`app/${"d".repeat(120)}/${"e".repeat(120)}`, "longer than ustar's fields"),
  folder("bin"),
  file("bin/large", noise(9_500_001), true),
  file("bin/node", "#!/bin/sh\n", true),
  ...Array.from({ length: 900 }, (_, index) => file(`bin/z${index}`, noise(9000, index + 2))),
];

/** The entries as a reader that knows all of a zip leaves them, without the links' times and envpack's index. */
async function write(
  entries: readonly PlannedEntry[],
  options: Parameters<typeof pack>[2] = {},
): Promise<{ readonly path: string; readonly base: string; readonly archive: Buffer }> {
  const { archive } = await pack(entries, "zip", options);
  const base = await scratch();
  const path = join(base, "archive.zip");
  await writeFile(path, archive);
  return { path, base, archive };
}

test.each(["", "root", "deep/er"])("a zip is restored as it was packed, as unzip restores it, with the root folder %j", async (arcroot) => {
  const { path, base } = await write(ENTRIES, { arcroot });
  const target = join(base, "out");
  await mkdir(target);
  const opened = await openInput({ kind: "file", path }, {});
  expect(Buffer.from(opened.start.manifest).toString()).toBe(MANIFEST);
  const result = await extractOpened(opened, target, { threads: 2, limits: GENEROUS });
  await opened.close();
  expect(result.index.entries.length).toBe(ENTRIES.length + 2);
  const own = readTree(target);
  expect(own.size).toBe(ENTRIES.length + 3);
  expect(own.get("app/link")).toBe("-> a.js");
  expect(own.get("bin/large")).toMatch(/^file 755 /);
  if (has("unzip")) {
    await run("unzip", ["-q", path, "-d", join(base, "unzip")]);
    expect(readTree(join(base, "unzip", arcroot))).toEqual(own);
  }
  if (has("bsdtar")) {
    await mkdir(join(base, "bsdtar"));
    await run("bsdtar", ["-xf", path, "-C", join(base, "bsdtar"), "--no-same-owner"]);
    expect(readTree(join(base, "bsdtar", arcroot))).toEqual(own);
  }
});

test("a zip has the same bytes for any number of threads", async () => {
  const one = await pack(ENTRIES, "zip", { threads: 1 });
  const three = await pack(ENTRIES, "zip", { threads: 3 });
  expect(one.archive.equals(three.archive)).toBe(true);
  expect(one.sha256).toBe(three.sha256);
});

test("a zip is listed, and single files are read, by its footer and index", async () => {
  const { path } = await write(ENTRIES);
  const opened = await openArchiveFile(path, { limits: { entries: 1000, bytes: 1 << 30 } });
  expect(opened.index.format).toBe("zip");
  expect(Buffer.from(await opened.readFile(META.manifest, 1000)).toString()).toBe(MANIFEST);
  expect(Buffer.from(await opened.readFile("bin/large", 1e8)).equals(noise(9_500_001))).toBe(true);
  expect(Buffer.from(await opened.readFile(`app/${"é".repeat(100)}`, 1000)).toString()).toBe("long name");
  await opened.close();
});

test("a manifest that spans frames is read before the index is", async () => {
  const manifest = Buffer.from(JSON.stringify({ noise: noise(3_600_000).toString("base64") }));
  const entries = [folder(META.folder), file(META.manifest, manifest), ...ENTRIES];
  const { path } = await write([], { entries });
  const opened = await openInput({ kind: "file", path }, {});
  expect(manifest.equals(opened.start.manifest)).toBe(true);
  await checkOpened(opened, { threads: 1, limits: GENEROUS });
  await opened.close();
});

test("a zip is not read from a stream, and the hint says what to do", async () => {
  const { archive } = await write(ENTRIES);
  const checked = checkArchive({ kind: "stream", stream: Readable.from([archive]) }, { threads: 1, limits: GENEROUS });
  await expect(checked).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("file") });
});

describe("other programs", () => {
  test("Info-ZIP finds nothing to complain about", async ({ skip }) => {
    if (!has("unzip") || !has("zipinfo")) return skip("unzip is not installed");
    const { path } = await write(ENTRIES, { times: undefined });
    expect((await run("unzip", ["-tqq", path])).stdout).toBe("");
    const { stdout } = await run("zipinfo", [path, "app/a.js", "bin/large", "app/link", "app/empty-folder/"], {
      env: { ...process.env, TZ: "UTC" },
    });
    expect(stdout).toMatch(/-rw-r--r-- {2}2.0 unx .* 85-Oct-26 08:15 app\/a.js/);
    expect(stdout).toMatch(/-rwxr-xr-x .* bin\/large/);
    expect(stdout).toMatch(/lrwxrwxrwx .* app\/link/);
    expect(stdout).toMatch(/drwxr-xr-x .* app\/empty-folder\//);
  });

  test("Python's zipfile reads every byte", async ({ skip }) => {
    if (!has("python3")) return skip("python3 is not installed");
    const { path } = await write(ENTRIES);
    const script =
      "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nassert not z.comment\nprint(len(z.namelist()), z.read('app/a.js').decode(), end='')";
    expect((await run("python3", ["-c", script, path])).stdout).toBe(`${ENTRIES.length + 3} console.log(1)\n`);
  });

  test("who knows a zip's own time alone reads it to two seconds", async ({ skip }) => {
    if (!has("python3")) return skip("python3 is not installed");
    const { path } = await write([folder("app"), file("app/a.js", "1")], {
      mtime: Date.UTC(2024, 10, 28, 23, 59, 58) / 1000,
      times: undefined,
    });
    const script = "import sys,zipfile\nprint(*zipfile.ZipFile(sys.argv[1]).getinfo('app/a.js').date_time)";
    expect((await run("python3", ["-c", script, path])).stdout).toBe("2024 11 28 23 59 58\n");
  });

  test("Java reads it as a stream, as YARN does, and by its directory", async ({ skip }) => {
    if (!has("java") || !has("jar")) return skip("no JDK is installed");
    const { path, base } = await write(ENTRIES);
    const source = join(base, "Read.java");
    await writeFile(source, JAVA);
    const { stdout } = await run("java", [source, path]);
    expect(stdout).toBe(`${ENTRIES.length + 3} ${ENTRIES.length + 3} 18934516\n`.replace("18934516", String(contentBytes())));
    const listed = await run("jar", ["tf", path], { maxBuffer: 1 << 26 });
    expect(listed.stdout.trim().split("\n")).toHaveLength(ENTRIES.length + 3);
  });

  /** All but envpack's own index. */
  const contentBytes = (): number =>
    ENTRIES.reduce(
      (sum, entry) => sum + (entry.type === "file" ? entry.size : entry.type === "symlink" ? Buffer.byteLength(entry.target) : 0),
      MANIFEST.length,
    );
});

const JAVA = `
import java.io.*; import java.util.zip.*;
class Read {
  public static void main(String[] args) throws Exception {
    int streamed = 0, listed = 0; long bytes = 0; byte[] buffer = new byte[1 << 16];
    try (ZipInputStream in = new ZipInputStream(new BufferedInputStream(new FileInputStream(args[0])))) {
      for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        streamed++;
        long own = 0;
        for (int n = in.read(buffer); n > 0; n = in.read(buffer)) own += n;
        if (!e.getName().equals(".envpack/index.jsonl")) bytes += own;
      }
    }
    try (ZipFile zip = new ZipFile(args[0])) {
      for (var e : java.util.Collections.list(zip.entries())) { listed++; try (InputStream in = zip.getInputStream(e)) { while (in.read(buffer) > 0) {} } }
    }
    System.out.println(streamed + " " + listed + " " + bytes);
  }
}
`;

const REFUSED = /^(ARCHIVE_CORRUPT|ARCHIVE_UNSAFE|ARCHIVE_TOO_NEW|ARCHIVE_LIMIT|NOT_AN_ARCHIVE|DIGEST_MISMATCH|SIGNATURE_INVALID)$/;

async function check(path: string, bytes: Buffer): Promise<EnvpackError | null> {
  await writeFile(path, bytes);
  return checkArchive({ kind: "file", path }, { threads: 1, limits: GENEROUS }).then(
    () => null,
    (error: unknown) => {
      expect(error).toBeInstanceOf(EnvpackError);
      return error as EnvpackError;
    },
  );
}

test("a zip is refused with any one bit flipped, and cut off anywhere", async () => {
  const { path, archive } = await write([
    folder("app"),
    file("app/first.js", "1".repeat(700)),
    file("app/second.js", "some words that are there once\n"),
    file("app/third", "3"),
  ]);
  expect(await check(path, archive)).toBeNull();
  for (let at = 0; at < archive.length; at += 11) {
    const bad = Buffer.from(archive);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    expect((await check(path, bad))?.code, `byte ${at}`).toMatch(REFUSED);
  }
  for (let length = 0; length < archive.length; length += 37) {
    expect((await check(path, archive.subarray(0, length)))?.code, `${length} bytes`).toMatch(REFUSED);
  }
});

test("the entry is named in which a bit was flipped", async () => {
  const { path, archive } = await write([
    folder("app"),
    file("app/first.js", "1".repeat(700)),
    file("app/second.js", "abc"),
    file("app/third", noise(3000)),
  ]);
  for (const [needle, name] of [
    [Buffer.from("abc"), "app/second.js"],
    [noise(3000).subarray(0, 50), "app/third"],
  ] as const) {
    const bad = Buffer.from(archive);
    const at = bad.indexOf(needle) + 1;
    bad[at] = (bad[at] ?? 0) ^ 4;
    expect(await check(path, bad)).toMatchObject({ path: name, code: "DIGEST_MISMATCH" });
  }
});

test("70,000 entries have the end record of zip64", async ({ skip }) => {
  const many = [folder("app"), ...Array.from({ length: 70_000 }, (_, at) => file(`app/f${at}`, String(at)))];
  const { path } = await write(many);
  const { index } = await checkArchive({ kind: "file", path }, { threads: 2, limits: GENEROUS });
  expect(index.entries).toHaveLength(70_003);
  if (!has("python3") || !has("unzip")) return skip("without python3 and unzip: read by envpack alone");
  const script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(len(z.namelist()), z.read('app/f69999').decode())";
  expect((await run("python3", ["-c", script, path])).stdout).toBe("70004 69999\n");
  expect((await run("unzip", ["-p", path, "app/f69998"])).stdout).toBe("69998");
});

test("a file of 5 GiB has 64-bit sizes", { timeout: 900_000 }, async ({ skip }) => {
  if (process.env.ENVPACK_TEST_ALL === undefined) return skip("it takes minutes: make test-all");
  const base = await scratch();
  const sparse = join(base, "sparse");
  await writeFile(sparse, "");
  await truncate(sparse, 5 * 2 ** 30);
  const { path } = await write([folder("app"), await diskFile("app/huge", sparse), file("app/z", "behind it")]);
  await checkArchive({ kind: "file", path }, { threads: 2, limits: GENEROUS });
  if (has("unzip")) await run("unzip", ["-tqq", path]);
  if (has("python3")) await run("python3", ["-c", "import sys,zipfile\nassert zipfile.ZipFile(sys.argv[1]).testzip() is None", path]);
});
