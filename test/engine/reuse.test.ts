import { hash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import "../setup.js";
import { pack, type PackOptions, type PackResult } from "../../src/verbs/pack/pack.js";
import { scratchFolder } from "../scratch.js";

/* A project of some 30 MB in a dozen frames, packed again after this and that has happened to it. */
const base = scratchFolder("reuse");
const project = join(base, "pantry");
const first = join(base, "first.tar.zst");
const records = join(base, "cache", "envpack", "frames");
const LARGE = join(project, "node_modules/pack-07/large.bin");
const SMALL = join(project, "node_modules/pack-05/file-3.js");

function text(seed: number): string {
  let state = seed + 1;
  const next = (): string => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0).toString(36);
  return Array.from({ length: 2500 }, next).join(" ");
}

function writePackages(): void {
  mkdirSync(project, { recursive: true });
  const names = Array.from({ length: 12 }, (_, index) => `pack-${String(index).padStart(2, "0")}`);
  const dependencies = Object.fromEntries(names.map((name) => [name, "1.0.0"]));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "pantry", version: "1.0.0", dependencies }));
  for (const [index, name] of names.entries()) {
    const folder = join(project, "node_modules", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0" }));
    for (let file = 0; file < 100; file++) writeFileSync(join(folder, `file-${file}.js`), text(index * 100 + file));
  }
  writeFileSync(join(project, "node_modules/pack-02/place.js"), `module.exports = "${project}/data";`);
  writeFileSync(LARGE, text(7777).repeat(400));
}

async function packTo(name: string, options: PackOptions = {}): Promise<PackResult & { readonly content: Buffer }> {
  const output = name.startsWith("/") ? name : join(base, name);
  const result = await pack({ path: project, node: "none", threads: 2, level: 1, force: true, output, ...options });
  return { ...result, content: readFileSync(output) };
}

/** What packing again may look at of the project: where none of it has changed the same comes of it. */
function stateOf(folder: string): string {
  const lines = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
    const { ino, mode, size, mtimeMs, ctimeMs } = lstatSync(join(folder, name));
    return [name, ino, mode, size, mtimeMs, ctimeMs].join(" ");
  });
  return hash("sha256", lines.join("\n"));
}

/** Archives that were packed afresh, by the project's state and the options: packing is what takes the time here. */
const afreshBy = new Map<string, Buffer>();

async function packAfresh(options: PackOptions = {}): Promise<Buffer> {
  const key = stateOf(project) + JSON.stringify(options);
  const known = afreshBy.get(key);
  if (known !== undefined) return known;
  const { content } = await packTo("afresh.tar.zst", { ...options, reuse: false });
  afreshBy.set(key, content);
  return content;
}

/** Packs with and without what is known of the first archive: the bytes must be the same. */
async function packBothWays(options: PackOptions = {}): Promise<PackResult> {
  const again = await packTo("again.tar.zst", { reuse: first, ...options });
  expect(again.content.equals(await packAfresh(options))).toBe(true);
  expect(again.fixups).toBe(1);
  return again;
}

/** The first archive, and what is remembered of it, of the project as it was last packed before a test. */
const kept = { state: "", archive: join(base, "kept.tar.zst"), cache: join(base, "kept-cache") };

async function packFirst(): Promise<void> {
  if (kept.state !== stateOf(project)) {
    await setTimeout(statSync(SMALL).ctimeMs + 2100 > Date.now() ? 2100 : 0);
    await packTo(first, { reuse: undefined });
    for (const path of [kept.archive, kept.cache]) rmSync(path, { recursive: true, force: true });
    copyFileSync(first, kept.archive);
    cpSync(join(base, "cache"), kept.cache, { recursive: true });
    kept.state = stateOf(project);
    return;
  }
  copyFileSync(kept.archive, first);
  cpSync(kept.cache, join(base, "cache"), { recursive: true });
}

beforeAll(async () => {
  writePackages();
  // Files that were written a moment ago could be written to once more without their times telling.
  await setTimeout(2100);
}, 60_000);
beforeEach(async () => {
  vi.stubEnv("XDG_CACHE_HOME", join(base, "cache"));
  rmSync(join(base, "cache"), { recursive: true, force: true });
  rmSync(join(base, "again.tar.zst"), { force: true });
  await packFirst();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("what has not changed is taken whole, also from the output that is replaced, and over and over", async () => {
  const { bytes, reusedBytes } = await packBothWays();
  expect(reusedBytes).toBe(bytes);
  expect((await packTo("new.tar.zst")).reusedBytes).toBe(0);
  expect((await packTo(first)).reusedBytes).toBe(bytes);
  expect((await packTo(first)).reusedBytes).toBe(bytes);
});

test("a change of one file is found though its size stays, and most is taken", async () => {
  const content = readFileSync(SMALL);
  const { atime, mtime } = statSync(SMALL);
  writeFileSync(SMALL, Buffer.from(content).fill("x", 10, 20));
  utimesSync(SMALL, atime, mtime);
  const { bytes, reusedBytes } = await packBothWays();
  expect(reusedBytes).toBeLessThan(bytes);
  expect(reusedBytes).toBeGreaterThan(bytes * 0.7);
});

test("a touched file, another mode, a file more, a file that becomes a link, a file less", async () => {
  const more = join(project, "node_modules/pack-03/more.js");
  const steps = [
    () => {
      utimesSync(SMALL, new Date(), new Date());
    },
    () => {
      chmodSync(SMALL, 0o755);
    },
    () => {
      chmodSync(SMALL, 0o644);
    },
    () => {
      writeFileSync(more, text(1));
    },
    () => {
      rmSync(more);
      symlinkSync("file-1.js", more);
    },
    () => {
      rmSync(more);
    },
  ];
  for (const step of steps) {
    step();
    const { bytes, reusedBytes } = await packBothWays();
    expect(reusedBytes).toBeLessThan(bytes);
    expect(reusedBytes).toBeGreaterThan(bytes * 0.4);
  }
});

test("a file that spans frames is taken or read as a whole", async () => {
  const other = `${LARGE}.new`;
  copyFileSync(LARGE, other);
  renameSync(other, LARGE);
  const { bytes, reusedBytes } = await packBothWays();
  expect(reusedBytes).toBe(bytes - statSync(LARGE).size);
});

test("a change right after packing counts, though no clock shows it", async () => {
  writeFileSync(SMALL, text(99));
  const second = join(base, "second.tar.zst");
  await packTo(second);
  writeFileSync(SMALL, text(98));
  const again = await packTo(second);
  expect(again.content.equals(await packAfresh())).toBe(true);
});

test("another level, root folder, time or format takes nothing", async () => {
  for (const options of [{ level: 2 }, { arcroot: "x" }, { mtime: 5 }]) {
    expect((await packBothWays(options)).reusedBytes).toBe(0);
  }
  const gzip = await packTo("again.tar.gz", { reuse: first });
  expect(gzip.content.equals((await packTo("afresh.tar.gz", { reuse: false })).content)).toBe(true);
});

test("an archive that was damaged gives nothing of what is damaged", async () => {
  const bytes = readFileSync(first);
  for (let at = 1000; at < bytes.length * 0.9; at += 1_500_000) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(first, bytes);
  expect((await packBothWays()).reusedBytes).toBeLessThan((await packAfresh()).length);
});

test("an archive that was cut off is refused where it is named, and packed afresh where it is replaced", async () => {
  const bytes = readFileSync(first);
  writeFileSync(first, bytes.subarray(0, bytes.length / 2));
  await expect(packTo("again.tar.zst", { reuse: first })).rejects.toMatchObject({
    code: expect.stringMatching(/^(NOT_AN_ARCHIVE|ARCHIVE_CORRUPT)$/) as string,
    path: first,
  });
  const { content, reusedBytes } = await packTo(first);
  expect(reusedBytes).toBe(0);
  expect(content.equals(await packAfresh())).toBe(true);
});

/** Remembers what was remembered with other numbers: nothing but the archive's own bytes tells that they lie. */
function lie(change: (frame: { at: number; size: number }) => void): void {
  const [name = ""] = readdirSync(records);
  const path = join(records, name);
  const lines = readFileSync(path, "utf8").slice(0, -64).trimEnd().split("\n");
  const text = lines
    .map((line) => {
      const frame = JSON.parse(line.slice(65)) as { at: number; size: number };
      change(frame);
      return `${line.slice(0, 65)}${JSON.stringify(frame)}\n`;
    })
    .join("");
  writeFileSync(path, text + hash("sha256", text));
}

test.each<[string, (frame: { at: number; size: number }) => void]>([
  ["stand elsewhere", (frame) => (frame.at += 1)],
  ["end behind the archive's end", (frame) => (frame.at += statSync(first).size - 1000)],
  ["are larger than any frame", (frame) => (frame.size += 9_000_000)],
])("frames that are remembered to %s are made afresh", async (_, change) => {
  lie(change);
  expect((await packBothWays()).reusedBytes).toBe(0);
});

test("what is remembered and damaged, cut off, or another user's, is not used", async () => {
  const [name = ""] = readdirSync(records);
  const path = join(records, name);
  const good = readFileSync(path);
  const at = good.indexOf('"sha256":"') + 12;
  for (const bad of [
    good.subarray(0, good.length / 2),
    Buffer.from(good).fill("0", at, at + 4),
    Buffer.alloc(0),
    Buffer.from("nonsense"),
  ]) {
    writeFileSync(path, bad);
    const { reusedBytes, notices } = await packBothWays();
    expect(reusedBytes).toBe(0);
    expect(notices.map(({ code }) => code)).toContain("NOTHING_TO_REUSE");
  }
  writeFileSync(path, good);
  expect((await packBothWays()).reusedBytes).toBeGreaterThan(0);
  vi.spyOn(process, "getuid").mockReturnValue(4711);
  expect((await packBothWays()).reusedBytes).toBe(0);
  vi.restoreAllMocks();
});

test("a cache that cannot be written costs nothing but the time", async () => {
  rmSync(join(base, "cache"), { recursive: true });
  writeFileSync(join(base, "cache"), "a file");
  expect((await packTo("again.tar.zst")).reusedBytes).toBe(0);
  expect((await packTo("again.tar.zst")).reusedBytes).toBe(0);
});

test("what a killed process was writing is cleared once it is old", async () => {
  const left = join(records, ".writing-1-0123abcd");
  const fresh = join(records, ".writing-1-0123abce");
  writeFileSync(left, "half");
  writeFileSync(fresh, "half");
  utimesSync(left, 1, 1);
  await packTo("again.tar.zst");
  expect([left, fresh].map((path) => existsSync(path))).toEqual([false, true]);
});

test("two at once", async () => {
  const [one, other] = await Promise.all([packTo("one.tar.zst", { reuse: first }), packTo("other.tar.zst", { reuse: first })]);
  expect(one.content.equals(other.content)).toBe(true);
  expect(one.reusedBytes).toBe(one.bytes);
  expect(readdirSync(records).filter((name) => name.startsWith("."))).toEqual([]);
});

test("nothing is remembered where that is not wanted, and what is no archive is refused", async () => {
  rmSync(join(base, "cache"), { recursive: true });
  await packTo("again.tar.zst", { reuse: false });
  expect(existsSync(records)).toBe(false);
  const output = join(base, "none.tar.zst");
  const noArchive = join(project, "package.json");
  await expect(pack({ path: project, node: "none", output, reuse: noArchive })).rejects.toMatchObject({
    code: "NOT_AN_ARCHIVE",
    path: noArchive,
  });
  await expect(pack({ path: project, node: "none", output, reuse: join(base, "absent") })).rejects.toMatchObject({
    code: "IO",
    path: join(base, "absent"),
  });
  expect(existsSync(output)).toBe(false);
  // The output that is replaced may be anything.
  writeFileSync(output, "no archive");
  expect((await packTo(output)).reusedBytes).toBe(0);
});
