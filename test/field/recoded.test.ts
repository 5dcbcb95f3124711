import { execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import "../setup.js";
import { list } from "../../src/verbs/list.js";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { makeHostile } from "../hostile/environment.js";
import { file, type RawEntry } from "../hostile/raw-archive.js";
import { readTree, scratch } from "../engine/trees.js";
import { envpack, has } from "../real/commands.js";

const INSIDE: RawEntry[] = [file("app/b.js", "the body of b")];
const archive = (format: "tar.gz" | "tar.zst" | "tar"): Buffer => makeHostile(format, { inside: INSIDE });
const plainTar = (): Buffer => gunzipSync(archive("tar.gz"));

/** What became of an archive on its way. */
const WAYS: readonly (readonly [string, () => Buffer])[] = [
  ["a .tar.gz that was decompressed", plainTar],
  ["a .tar.gz that was decompressed and compressed again", () => gzipSync(plainTar())],
  ["a .tar.gz that was compressed once more", () => gzipSync(archive("tar.gz"))],
  ["a .tar.zst in a gzip file", () => gzipSync(archive("tar.zst"))],
  ["a .tar in a gzip file", () => gzipSync(archive("tar"))],
  ["a .tar.gz that was compressed twice more", () => gzipSync(gzipSync(archive("tar.gz")))],
];

describe.each(WAYS)("W14: %s", (_, make) => {
  test("is verified and unpacked, from a file and from a stream; what needs its index says what works", async () => {
    const base = await scratch();
    const path = join(base, "shop.tar.gz");
    writeFileSync(path, make());
    await expect(verify({ path, threads: 1 })).resolves.toMatchObject({ ok: true });
    await expect(verify({ path: createReadStream(path), threads: 1 })).resolves.toMatchObject({ ok: true });
    await unpack({ archive: path, target: join(base, "out"), forcePlatform: true, threads: 1 });
    writeFileSync(join(base, "as-packed"), archive("tar.gz"));
    await unpack({ archive: join(base, "as-packed"), target: join(base, "expected"), forcePlatform: true, threads: 1 });
    const [restored, expected] = [readTree(join(base, "out")), readTree(join(base, "expected"))];
    for (const tree of [restored, expected]) tree.delete(".envpack/index.jsonl");
    expect(restored).toEqual(expected);
    await expect(list({ path })).rejects.toMatchObject({ code: "ARCHIVE_RECODED", path, hint: expect.stringContaining("unpack") });
    // The hint cures.
    await expect(list({ path: join(base, "out") })).resolves.toHaveLength(9);
  });

  test("is refused where a file, or the end, is not what it was", async () => {
    const base = await scratch();
    const path = join(base, "shop.tar.gz");
    const bytes = make();
    const damaged = Buffer.from(bytes);
    const at = Math.floor(bytes.length / 2);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    for (const bad of [damaged, bytes.subarray(0, at), bytes.subarray(0, -512)]) {
      writeFileSync(path, bad);
      await expect(verify({ path, threads: 1 })).rejects.toMatchObject({
        code: expect.stringMatching(/^(NOT_AN_ARCHIVE|ARCHIVE_CORRUPT|ARCHIVE_UNSAFE|DIGEST_MISMATCH)$/),
      });
    }
  });
});

test("W14: a plain .tar that has lost its footer alone was cut off, not decompressed", async () => {
  const path = join(await scratch(), "shop.tar");
  writeFileSync(path, archive("tar").subarray(0, -512));
  await expect(verify({ path, threads: 1 })).rejects.toMatchObject({ code: "ARCHIVE_CORRUPT" });
});

test("W14: no signature is believed of what was decompressed", async () => {
  const base = await scratch();
  const path = join(base, "shop.tar");
  writeFileSync(path, plainTar());
  writeFileSync(join(base, "key.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me\n");
  await expect(verify({ path, threads: 1, verifyKeys: [join(base, "key.pub")] })).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    hint: expect.any(String),
  });
});

test("W14: a .tar.zst that was compressed again says how it is read, and is", async ({ skip }) => {
  if (!has("zstd")) return skip("zstd is not installed");
  const base = await scratch();
  writeFileSync(join(base, "shop.tar"), plainTar());
  execFileSync("zstd", ["-q", "--rm", "shop.tar"], { cwd: base });
  const refused = envpack(["verify", "shop.tar.zst"], { cwd: base });
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/compressed again on its way.*\nhint: .*zstd -d/) });
  execFileSync("zstd", ["-d", "-q", "shop.tar.zst"], { cwd: base });
  await expect(verify({ path: join(base, "shop.tar"), threads: 1 })).resolves.toMatchObject({ ok: true });
});

test("W14: a zip that was unzipped and zipped again says so", async ({ skip }) => {
  if (!has("zip") || !has("unzip")) return skip("zip and unzip are not installed");
  const base = await scratch();
  mkdirSync(join(base, "out"));
  execFileSync("unzip", ["-q", join(import.meta.dirname, "../archive/version-1/small.zip"), "-d", join(base, "out")]);
  execFileSync("zip", ["-q", "-r", "../again.zip", "."], { cwd: join(base, "out") });
  rmSync(join(base, "out"), { recursive: true });
  await expect(verify({ path: join(base, "again.zip"), threads: 1 })).rejects.toMatchObject({
    message: expect.stringMatching(/zip/),
    hint: expect.stringContaining("unzip it"),
  });
  expect(readFileSync(join(base, "again.zip")).length).toBeGreaterThan(0);
});
