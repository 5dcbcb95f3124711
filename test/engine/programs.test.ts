import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import "../setup.js";
import { META, type PlannedEntry } from "../../src/archive/entry.js";
import { endsAsArchive } from "../../src/archive/ends-as-archive.js";
import { pipeThrough } from "../../src/archive/codec/program.js";
import { openArchiveFile } from "../../src/engine/read/open-archive-file.js";
import { checkArchive } from "../../src/engine/read/check.js";
import { extractArchive } from "../../src/engine/read/extract.js";
import type { ArchiveInput } from "../../src/engine/read/input.js";
import { EnvpackError } from "../../src/support/errors.js";
import { has } from "../real/commands.js";
import { file, folder, GENEROUS, MANIFEST, pack, readTree, scratch } from "./trees.js";
import { noise } from "./noise.js";

const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "console.log(1)\n"),
  file("app/empty", ""),
  { type: "symlink", path: "app/link", target: "a.js" },
  { type: "hardlink", path: "app/twin.js", executable: false, target: "app/a.js" },
  file("app/zeros", Buffer.alloc(5 << 20)),
  file("app/noise", noise(4_500_001), true),
  ...Array.from({ length: 300 }, (_, index) => file(`app/z${index}`, noise(9000, index + 2))),
];
const SMALL: readonly PlannedEntry[] = [folder("app"), file("app/first.js", "1".repeat(700)), file("app/second.js", "some words\n")];

const inputs = (archive: Buffer, path: string): readonly ArchiveInput[] => [
  { kind: "file", path },
  { kind: "stream", stream: Readable.from([archive.subarray(0, 50), archive.subarray(50, 301), archive.subarray(301)]) },
];

async function refusal(bytes: Buffer, base: string): Promise<string> {
  const path = join(base, "bad");
  writeFileSync(path, bytes);
  const codes = await Promise.all(
    inputs(bytes, path).map((input) =>
      checkArchive(input, { threads: 1, limits: GENEROUS }).then(
        () => "accepted",
        (error: unknown) => (error instanceof EnvpackError ? error.code : String(error)),
      ),
    ),
  );
  return codes.join(" ");
}

describe.each([
  ["tar.xz", "xz"],
  ["tar.bz2", "bzip2"],
] as const)("a %s archive", (format, program) => {
  test("is restored as it was packed, from a file, from a stream and by tar, and has the same bytes for any number of threads", async ({
    skip,
  }) => {
    if (!has(program)) return skip(`${program} is not installed`);
    const { archive } = await pack(ENTRIES, format);
    expect((await pack(ENTRIES, format, { threads: 1 })).archive.equals(archive)).toBe(true);
    const base = await scratch();
    const path = join(base, `archive.${format}`);
    writeFileSync(path, archive);
    mkdirSync(join(base, "tar"));
    execFileSync("tar", ["-xf", path, "-C", join(base, "tar")]);
    const expected = readTree(join(base, "tar"));
    expect(expected.size).toBe(ENTRIES.length + 3);
    for (const input of inputs(archive, path)) {
      const target = join(base, input.kind);
      mkdirSync(target);
      await extractArchive(input, target, { threads: 2, limits: GENEROUS });
      expect(readTree(target)).toEqual(expected);
    }
    const opened = await openArchiveFile(path, { limits: GENEROUS });
    expect(Buffer.from(await opened.readFile(META.manifest, 1000)).toString()).toBe(MANIFEST);
    expect(Buffer.from(await opened.readFile("app/noise", 1e8)).equals(noise(4_500_001))).toBe(true);
    await opened.close();
    expect(endsAsArchive(path)).toBe(true);
    execFileSync(program, ["-t", path]);
  });

  test("is refused with a bit flipped, cut off, or with anything behind its end", async ({ skip }) => {
    if (!has(program)) return skip(`${program} is not installed`);
    const { archive } = await pack(SMALL, format);
    const base = await scratch();
    expect(await refusal(archive, base)).toBe("accepted accepted");
    for (let at = 3; at < archive.length; at += 149) {
      const bad = Buffer.from(archive);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      expect(await refusal(bad, base), `byte ${at}`).toMatch(
        /^(NOT_AN_ARCHIVE|ARCHIVE_[A-Z_]+|DIGEST_MISMATCH) (NOT_AN_ARCHIVE|ARCHIVE_[A-Z_]+|DIGEST_MISMATCH)$/,
      );
    }
    for (const bytes of [
      archive.subarray(0, -1),
      archive.subarray(0, archive.length / 2),
      Buffer.concat([archive, Buffer.from("more")]),
      Buffer.concat([archive, archive]),
    ]) {
      expect(await refusal(bytes, base)).not.toMatch(/accepted|Error/);
    }
  });

  test("says what is missing where its program is, for packing and for reading", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    expect(() => pipeThrough({ name: program, from: "a package", format }, [], Buffer.alloc(1))).toThrow(
      expect.objectContaining({ code: "CODEC_MISSING", hint: expect.stringContaining("install it") }),
    );
    await expect(pack(SMALL, format)).rejects.toMatchObject({
      code: "CODEC_MISSING",
      message: `the program ${program}, which a .${format} needs, is missing`,
    });
    vi.unstubAllEnvs();
  });
});
