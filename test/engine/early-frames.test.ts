import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { extractArchive } from "../../src/engine/read/extract.js";
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
