import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import "../setup.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { timesOf } from "../../src/verbs/pack/mtime.js";
import { checkArchive } from "../../src/engine/read/check.js";
import { EnvpackError } from "../../src/support/errors.js";
import { diskFile, file, folder, GENEROUS, MTIME, pack, scratch } from "../engine/trees.js";
import { has } from "../real/commands.js";

const LARGE = 9 << 20;

/** Two releases that differ in one byte of a small file, of a large one behind its first frame, and in envpack's index. */
async function release(base: string, change: number): Promise<PlannedEntry[]> {
  const disk = join(base, `large-${change}`);
  const large = Buffer.alloc(LARGE, "large ");
  large[LARGE - 5] = change;
  writeFileSync(disk, large);
  utimesSync(disk, 1, 1);
  return [
    folder("app"),
    file("app/a.js", `console.log(${change})\n`),
    file("app/same.js", "the same in both\n"),
    await diskFile("app/large", disk),
    { type: "symlink", path: "app/link", target: "a.js" },
  ];
}

const HARD_LINK: PlannedEntry = { type: "hardlink", path: "app/twin.js", executable: false, target: "app/a.js" };

/** Times as another program restores them, by path. */
async function restoredTimes(archive: Buffer, format: ArchiveFormat, base: string): Promise<(path: string) => number> {
  const path = join(base, `archive.${format}`);
  const out = mkdtempSync(join(base, "out-"));
  writeFileSync(path, archive);
  if (format === "zip") execFileSync("unzip", ["-q", path, "-d", out], { env: { ...process.env, TZ: "UTC" } });
  else execFileSync("tar", ["-xf", path, "-C", out]);
  return (name) => lstatSync(join(out, name)).mtimeMs / 1000;
}

describe.each(["tar.gz", "tar", "zip"] as const)("W6: a file's time in a %s", (format) => {
  const links = format === "zip" ? [] : [HARD_LINK];

  test("follows its content, whatever its size, and nothing else", async ({ skip }) => {
    if (format === "zip" && !has("unzip")) return skip("unzip is not installed");
    const base = await scratch();
    const [one, other] = await Promise.all([1, 2].map(async (change) => pack([...(await release(base, change)), ...links], format)));
    if (one === undefined || other === undefined) throw new Error("two were packed");
    const before = await restoredTimes(one.archive, format, base);
    const after = await restoredTimes(other.archive, format, base);
    for (const name of ["app/a.js", "app/large", ".envpack/index.jsonl", ...links.map(({ path }) => path)])
      expect(after(name), name).not.toBe(before(name));
    for (const name of ["app/same.js", "app/link", ".envpack/manifest.json"]) {
      if (format !== "zip" || name !== "app/link") expect(after(name), name).toBe(before(name));
    }
    if (links.length > 0) expect(after(HARD_LINK.path)).toBe(after("app/a.js"));
    // Two seconds are a step of FAT, and of a zip's own field.
    expect([after("app/a.js") % 2, before("app/large") % 2]).toEqual([MTIME % 2, MTIME % 2]);
    const again = await pack([...(await release(base, 2)), ...links], format, { threads: 1 });
    expect(again.archive.equals(other.archive)).toBe(true);
  });

  test("is that of all where one was asked for", async ({ skip }) => {
    if (format === "zip" && !has("unzip")) return skip("unzip is not installed");
    const base = await scratch();
    const { archive } = await pack([...(await release(base, 1)), ...links], format, { mtime: 1_600_000_000, times: undefined });
    const times = await restoredTimes(archive, format, base);
    for (const name of ["app/a.js", "app/large", ".envpack/index.jsonl", ...links.map(({ path }) => path)])
      expect(times(name)).toBe(1_600_000_000);
  });
});

test("W6: rsync of a second release over the first brings what changed, by its default rule", async ({ skip }) => {
  if (!has("rsync")) return skip("rsync is not installed");
  const base = await scratch();
  const target = join(base, "target");
  for (const change of [1, 2]) {
    const { archive } = await pack([...(await release(base, change)), HARD_LINK], "tar.gz");
    writeFileSync(join(base, "archive.tar.gz"), archive);
    const out = join(base, `release-${change}`);
    for (const folder of [out, target]) mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xf", join(base, "archive.tar.gz"), "-C", out]);
    execFileSync("rsync", ["-a", `${out}/`, target]);
  }
  for (const name of ["app/a.js", "app/large", ".envpack/index.jsonl"]) {
    expect(
      existsSync(join(target, name)) && readFileSync(join(target, name)).equals(readFileSync(join(base, "release-2", name))),
      name,
    ).toBe(true);
  }
});

test("W6: SOURCE_DATE_EPOCH, and a time that is named, are the time of every entry", () => {
  vi.stubEnv("SOURCE_DATE_EPOCH", "1700000000");
  expect(timesOf({})).toEqual({ mtime: 1_700_000_000 });
  expect(timesOf({ mtime: 5 })).toEqual({ mtime: 5 });
  vi.stubEnv("SOURCE_DATE_EPOCH", "");
  expect(timesOf({})).toEqual({ mtime: MTIME, times: "content" });
  vi.unstubAllEnvs();
});

test.each([
  ["a file", "app/a.js"],
  ["a hard link", "app/twin.js"],
  ["the index", ".envpack/index.jsonl"],
])("W6: the time of %s that is not that of its content is refused", async (_, path) => {
  const base = await scratch();
  const { archive } = await pack([...(await release(base, 1)), HARD_LINK], "tar");
  const at = archive.indexOf(`${path}\0`);
  archive.write("00000000001 ", at + 136, "latin1");
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index++) sum += index >= 148 && index < 156 ? 0 : (archive[at + index] ?? 0);
  archive.write(`${sum.toString(8).padStart(6, "0")} \0`, at + 148, "latin1");
  const file = join(base, "odd.tar");
  writeFileSync(file, archive);
  const refusal = await checkArchive({ kind: "file", path: file }, { threads: 1, limits: GENEROUS }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(EnvpackError);
  expect((refusal as EnvpackError).code).toBe("ARCHIVE_CORRUPT");
});
