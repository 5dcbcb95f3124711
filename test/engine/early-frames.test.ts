import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import "../setup.js";
import { extractArchive, extractOpened } from "../../src/engine/read/extract.js";
import { openInput } from "../../src/engine/read/open-input.js";
import { makeHostile } from "../hostile/environment.js";
import { file as rawFile, fileLine, symlink, type RawEntry } from "../hostile/raw-archive.js";
import { file, folder, GENEROUS, pack, scratch } from "./trees.js";

/* Frames of an archive file are read while its index still is: what that changes, and what it must not. */

/** Long names make an index that is read in many steps, of frames that hold little. */
const nameOf = (at: number): string => `app/${"x".repeat(80)}-${String(at).padStart(5, "0")}`;
const FILES = 6000;
const A_FRAME = 500;

const CROWD: readonly RawEntry[] = Array.from({ length: FILES }, (_, at) => rawFile(nameOf(at)));

/** An archive of so many files in frames of five hundred, with some of them changed and entries behind. */
function crowded(change: (entries: RawEntry[]) => void, behind: readonly RawEntry[] = []): Buffer {
  const entries = [...CROWD];
  change(entries);
  return makeHostile("tar.zst", {
    inside: [...entries, ...behind],
    frames: ([first = [], ...rest]) => [...split(first), ...rest],
  });
}

function split(entries: readonly RawEntry[]): RawEntry[][] {
  return Array.from({ length: Math.ceil(entries.length / A_FRAME) }, (_, at) => entries.slice(at * A_FRAME, (at + 1) * A_FRAME));
}

async function extract(archive: Buffer): Promise<{ readonly target: string; readonly refusal: unknown }> {
  const path = join(await scratch(), "archive");
  const target = join(await scratch(), "target");
  await writeFile(path, archive);
  await mkdir(target);
  const refusal = await extractArchive({ kind: "file", path }, target, { threads: 2, limits: GENEROUS }).catch((error: unknown) => error);
  return { target, refusal };
}

test.each([
  ["tar.zst", true],
  ["tar.gz", true],
  ["zip", false],
] as const)("frames of a %s are given before all of its index was read: %s", async (format, isEarly) => {
  const entries = [folder("app"), ...Array.from({ length: 9000 }, (_, at) => file(nameOf(at), String(at)))];
  const path = join(await scratch(), "archive");
  await writeFile(path, (await pack(entries, format)).archive);
  const opened = await openInput({ kind: "file", path }, {});
  try {
    const pieces: Buffer[] = [];
    const source = opened.begin(GENEROUS, (content) => {
      pieces.push(Buffer.from(content));
    });
    let isRead = false;
    void source.file?.then(() => (isRead = true));
    const early: boolean[] = [];
    for await (const { number } of source.frames(() => true)) {
      expect(number).toBe(early.length);
      early.push(!isRead);
    }
    expect(early[0]).toBe(isEarly);
    // The last one has to wait until the index is known to be right.
    expect(early.at(-1)).toBe(false);
    const read = await source.file;
    expect(read?.index.frames).toHaveLength(early.length);
    expect(Buffer.concat(pieces).toString()).toContain(`"end":{"entries":${(read?.index.entries.length ?? 0).toString()},`);
  } finally {
    await opened.close();
  }
});

test("what is wrong with the index is told, though a frame that was read before is damaged", async () => {
  const damage = (entries: RawEntry[]): void => {
    entries[0] = { ...rawFile(nameOf(0), "other"), line: fileLine(nameOf(0), "right") };
  };
  const { refusal: damaged } = await extract(crowded(damage));
  expect(damaged).toMatchObject({ code: "DIGEST_MISMATCH", path: nameOf(0) });
  const { target, refusal } = await extract(crowded(damage, [symlink("out", "../..")]));
  expect(refusal).toMatchObject({ code: "ARCHIVE_UNSAFE", path: "out" });
  expect(existsSync(join(target, "out"))).toBe(false);
});

test("no file is written before its line and those before it were checked", async () => {
  const twice = FILES / 2;
  const { target, refusal } = await extract(
    crowded((entries) => {
      entries[twice] = rawFile(nameOf(1));
    }),
  );
  expect(refusal).toMatchObject({ code: "ARCHIVE_UNSAFE", path: nameOf(1), message: "the archive holds this path twice" });
  for (let at = twice + A_FRAME; at < FILES; at += A_FRAME) expect(existsSync(join(target, nameOf(at))), String(at)).toBe(false);
});

test("an index that is damaged at its end is refused as such, whatever it says of the tree before", async () => {
  const path = join(await scratch(), "archive");
  await writeFile(
    path,
    makeHostile("tar.zst", {
      inside: [rawFile("app/a.js")],
      lines: (lines) => lines.map((line) => line.toString().replace(/"end":\{"entries":\d+/, '"end":{"entries":1')),
    }),
  );
  const opened = await openInput({ kind: "file", path }, {});
  try {
    const source = opened.begin(GENEROUS, () => undefined);
    const refused = { code: "ARCHIVE_CORRUPT", message: expect.stringContaining("its totals are wrong") as unknown };
    await expect(source.frames(() => true).next()).rejects.toMatchObject(refused);
    await expect(source.file).rejects.toMatchObject(refused);
  } finally {
    await opened.close();
  }
});

test("frames are done long before their index is read, and still what is wrong with that is told", async () => {
  const path = join(await scratch(), "archive");
  const target = await scratch();
  const damage = { ...rawFile("app/b.js", "other"), line: fileLine("app/b.js", "right") };
  // More frames than may be done before the first one is taken.
  const others = Array.from({ length: 150 }, (_, at) => rawFile(`app/c${at}`));
  const inside = [damage, ...others, symlink("out", "../..")];
  const frames = ([first = [], ...rest]: RawEntry[][]): RawEntry[][] => [
    first.slice(0, -others.length),
    ...first.slice(-others.length).map((entry) => [entry]),
    ...rest,
  ];
  await writeFile(path, makeHostile("tar.zst", { inside, frames }));
  const opened = await openInput({ kind: "file", path }, {});
  try {
    const slowly = {
      ...opened,
      begin: (...words: Parameters<typeof opened.begin>) => {
        const source = opened.begin(...words);
        const late = (error: unknown): Promise<never> => sleep(500).then(() => Promise.reject(error as Error));
        const file = source.file?.catch(late) ?? null;
        file?.catch(() => undefined);
        const given: typeof source.frames = async function* (wanted) {
          try {
            yield* source.frames(wanted);
          } catch (error) {
            await late(error);
          }
        };
        return { ...source, file, frames: given };
      },
    };
    const limits = { entries: 300, bytes: 1000 };
    await expect(extractOpened(slowly, target, { threads: 1, limits })).rejects.toMatchObject({ code: "ARCHIVE_UNSAFE", path: "out" });
  } finally {
    await opened.close();
  }
});

test("pieces of a large file are not taken before all of the index was read", async () => {
  const path = join(await scratch(), "archive");
  const bytes = Buffer.alloc(100 * 512);
  const whole = rawFile("app/large", bytes);
  const pieces = Array.from({ length: 100 }, (_, at) => [
    { tar: Buffer.from(whole.tar.subarray((at + 1) * 512, (at + 2) * 512)), line: null, part: true },
  ]);
  await writeFile(
    path,
    makeHostile("tar.zst", {
      inside: [...CROWD],
      frames: ([first = [], ...rest]) => {
        const [begin = [], ...behind] = split(first);
        return [begin, [{ tar: Buffer.from(whole.tar.subarray(0, 512)), line: whole.line }], ...pieces, ...behind, ...rest];
      },
      manifest: (manifest) => ({ ...manifest, totals: { entries: 10_000, bytes: 1 << 20 } }),
    }),
  );
  const opened = await openInput({ kind: "file", path }, {});
  try {
    const source = opened.begin(GENEROUS, () => undefined);
    let isRead = false;
    void source.file?.then(() => (isRead = true));
    const seen: [number, boolean][] = [];
    for await (const { number } of source.frames(() => true)) seen.push([number, isRead]);
    expect(seen.slice(0, 3)).toEqual([
      [0, false],
      [1, true],
      [2, true],
    ]);
  } finally {
    await opened.close();
  }
});

test("the beginning of a file is not kept where its index lists no other frame of it", async () => {
  const whole = rawFile("app/large", Buffer.alloc(100 * 512));
  const archive = makeHostile("tar.zst", {
    inside: [rawFile("app/b.js")],
    frames: ([first = [], ...rest]) => [first, [{ tar: Buffer.from(whole.tar.subarray(0, 512)), line: whole.line }], ...rest],
    manifest: (manifest) => ({ ...manifest, totals: { entries: 10, bytes: 1 << 20 } }),
  });
  const { target, refusal } = await extract(archive);
  // The thread that read it refuses it, and names it; who puts frames in order could only tell that something is missing.
  expect(refusal).toMatchObject({ code: "ARCHIVE_CORRUPT", path: "app/large" });
  expect(existsSync(join(target, "app/large"))).toBe(false);
});
