import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { EnvpackError } from "../../src/support/errors.js";
import { checkArchive } from "../../src/engine/read/check.js";
import { file, folder, GENEROUS, pack, scratch } from "./trees.js";
import { noise } from "./noise.js";

const FORMATS: readonly ArchiveFormat[] = ["tar.zst", "tar.gz", "tar"];
const ENTRIES = [
  folder("app"),
  file("app/first.js", "1".repeat(700)),
  file("app/second.js", "some words that are there once\n"),
  file("app/third", "3"),
];

/** So little that no worker thread is started; GENEROUS starts one. */
const LITTLE = { entries: ENTRIES.length, bytes: 10_000 };

/** What checking the bytes ends in: an error of envpack's, or null where they pass. */
async function check(bytes: Buffer, kind: "file" | "stream", limits = GENEROUS): Promise<EnvpackError | null> {
  try {
    const options = { threads: 1, limits };
    if (kind === "stream") await checkArchive({ kind, stream: Readable.from([bytes]) }, options);
    else {
      const path = join(await scratch(), "archive");
      await writeFile(path, bytes);
      await checkArchive({ kind, path }, options);
    }
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(EnvpackError);
    expect((error as EnvpackError).message).not.toMatch(/[\n.]$|\n/);
    return error as EnvpackError;
  }
}

const REFUSED = /^(ARCHIVE_CORRUPT|ARCHIVE_UNSAFE|ARCHIVE_TOO_NEW|ARCHIVE_LIMIT|NOT_AN_ARCHIVE|DIGEST_MISMATCH)$/;

describe.each(FORMATS)("a %s archive", (format) => {
  for (const kind of ["file", "stream"] as const) {
    test(`is refused with any one bit flipped, read from a ${kind}`, async () => {
      const { archive } = await pack(ENTRIES, format);
      expect(await check(archive, kind, LITTLE)).toBeNull();
      const step = Math.max(1, Math.floor(archive.length / 120));
      for (let at = 0; at < archive.length; at += step) {
        const bad = Buffer.from(archive);
        bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
        expect((await check(bad, kind, LITTLE))?.code, `byte ${at}`).toMatch(REFUSED);
      }
    });

    test(`is refused cut off anywhere, read from a ${kind}`, async () => {
      const { archive } = await pack(ENTRIES, format);
      const step = Math.max(1, Math.floor(archive.length / 40));
      for (let length = 0; length < archive.length; length += step) {
        expect((await check(archive.subarray(0, length), kind, LITTLE))?.code, `${length} bytes`).toMatch(REFUSED);
      }
      expect((await check(archive.subarray(0, -1), kind, LITTLE))?.code).toMatch(REFUSED);
    });

    test(`is refused with anything behind its end, read from a ${kind}`, async () => {
      const { archive } = await pack(ENTRIES, format);
      for (const more of [Buffer.alloc(1), Buffer.alloc(512), Buffer.from("garbage"), archive]) {
        expect((await check(Buffer.concat([archive, more]), kind))?.code).toMatch(REFUSED);
      }
    });

    test(`is refused with a frame twice, read from a ${kind}`, async () => {
      const { archive } = await pack([folder("app"), file("app/large", Buffer.alloc(9 << 20))], format);
      const half = archive.length >>> 1;
      expect((await check(Buffer.concat([archive.subarray(0, half), archive]), kind))?.code).toMatch(REFUSED);
    });
  }

  test("with a damaged body is refused by the entry's name", async () => {
    // Noise is stored as it is by every codec, so that the damage lies where it is put.
    const words = noise(600_000);
    words.write("some words", 300_000);
    const { archive } = await pack(
      [folder("app"), file("app/first.js", noise(300_000, 2)), file("app/second.js", words), file("app/third", noise(300_000, 3))],
      format,
    );
    const at = archive.indexOf("some words") + 3;
    expect(at).toBeGreaterThan(3);
    const bad = Buffer.from(archive);
    bad[at] = (bad[at] ?? 0) ^ 1;
    for (const kind of ["file", "stream"] as const) {
      expect(await check(bad, kind)).toMatchObject({ path: "app/second.js" });
    }
  });

  test("holding more than its manifest promises is refused", async () => {
    const { archive } = await pack([...ENTRIES, file("app/large", Buffer.alloc(9 << 20))], format);
    for (const promised of [
      { entries: 4, bytes: 1e9 },
      { entries: 9, bytes: 800 },
      { entries: 9, bytes: 5 << 20 },
    ]) {
      const stream = Readable.from([archive]);
      await expect(checkArchive({ kind: "stream", stream }, { threads: 1, limits: promised })).rejects.toMatchObject({
        code: "ARCHIVE_LIMIT",
      });
    }
  });
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["a text", Buffer.from("hello\n")],
  ["a page", Buffer.from("<!DOCTYPE html><title>404</title>".repeat(40))],
  ["a zip", Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(600)])],
  ["zeros", Buffer.alloc(2048)],
])("%s is not an archive", async (_, bytes) => {
  for (const kind of ["file", "stream"] as const) expect((await check(bytes, kind))?.code).toBe("NOT_AN_ARCHIVE");
});
