import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createReadStream, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { writeProject } from "../faults/project.js";
import { envpack, makeScratch } from "../real/commands.js";

const scratch = makeScratch();
const at = (name: string): string => join(scratch, name);

function writeKey(name: string, { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): void {
  writeFileSync(at(`${name}.pem`), privateKey.export({ format: "pem", type: "pkcs8" }));
  writeFileSync(at(`${name}.pub`), publicKey.export({ format: "pem", type: "spki" }));
}

beforeAll(() => {
  writeProject(at("p"));
  for (const name of ["own", "foreign"]) writeKey(name, generateKeyPairSync("ed25519"));
  const pack = (output: string, ...options: string[]): void => {
    expect(envpack(["pack", at("p"), "--node", "none", "-q", "-o", at(output), ...options]).stderr).toBe("");
  };
  for (const format of ["tar.gz", "tar.zst", "tar"]) {
    pack(`plain.${format}`);
    pack(`signed.${format}`, "--sign", at("own.pem"));
    pack(`foreign.${format}`, "--sign", at("foreign.pem"));
    pack(`detached.${format}`, "--detach-sign", at("own.pem"));
  }
});

const keys = { verifyKeys: [at("own.pub")] };

async function refused(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "accepted",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
}

describe.each(["tar.gz", "tar.zst", "tar"])("%s", (format) => {
  test("a signed archive is accepted by its key, from a file and from a stream, and without one", async () => {
    const path = at(`signed.${format}`);
    await expect(verify({ path, ...keys })).resolves.toMatchObject({ ok: true });
    await expect(verify({ path: createReadStream(path), ...keys })).resolves.toMatchObject({ ok: true });
    await expect(verify({ path })).resolves.toMatchObject({ ok: true });
    await unpack({ archive: path, target: at(`t-${format}`), ...keys });
  });

  test("one that is unsigned, or signed by another, is refused before anything is written", async () => {
    for (const [name, message] of [
      ["plain", "is not signed"],
      ["foreign", "by another key"],
    ] as const) {
      const path = at(`${name}.${format}`);
      for (const archive of [path, createReadStream(path)]) {
        expect(await refused(unpack({ archive, target: at("never"), ...keys }))).toMatch(`SIGNATURE_INVALID: the archive`);
      }
      expect(await refused(verify({ path, ...keys }))).toMatch(message);
    }
    await expect(verify({ path: at(`foreign.${format}`), verifyKeys: [at("foreign.pub"), at("own.pub")] })).resolves.toBeDefined();
  });

  test("a detached signature leaves the archive's bytes as they are, and counts as much", async () => {
    const path = at(`detached.${format}`);
    expect(readFileSync(path).equals(readFileSync(at(`plain.${format}`)))).toBe(true);
    await expect(verify({ path, ...keys })).resolves.toMatchObject({ ok: true });
    await expect(verify({ path: createReadStream(path), signature: `${path}.sig`, ...keys })).resolves.toMatchObject({ ok: true });
    expect(await refused(verify({ path: at(`plain.${format}`), signature: at(`signed.${format}`), ...keys }))).toMatch("SIGNATURE_INVALID");
    const other = format === "tar" ? "tar.gz" : "tar";
    expect(await refused(verify({ path, signature: at(`detached.${other}.sig`), ...keys }))).toMatch("not that of this archive");
  });

  test("one that was altered with all its checksums put right is refused", async () => {
    const bytes = readFileSync(at(`signed.${format}`));
    const start = bytes.lastIndexOf("envpack\0");
    // The index's digest, the signature and the key, one bit each.
    for (const place of [50, 90, 120]) {
      const altered = Buffer.from(bytes);
      altered[start + place] = (altered[start + place] ?? 0) ^ 1;
      altered.writeUInt32LE(crc32(altered.subarray(start, start + 188)), start + 188);
      writeFileSync(at("altered"), altered);
      expect(await refused(verify({ path: at("altered") }))).toMatch(/SIGNATURE_INVALID|ARCHIVE_CORRUPT/);
      expect(await refused(verify({ path: createReadStream(at("altered")), ...keys }))).toMatch(/SIGNATURE_INVALID|ARCHIVE_CORRUPT/);
    }
    // A signature moved to another archive.
    const foreign = readFileSync(at(`plain.${format}`));
    const there = foreign.lastIndexOf("envpack\0");
    foreign.set(bytes.subarray(start + 84, start + 180), there + 84);
    foreign.writeUInt32LE(crc32(foreign.subarray(there, there + 188)), there + 188);
    writeFileSync(at("moved"), foreign);
    const moved = await refused(verify({ path: at("moved") }));
    // The same project gives the same index, so that the signature fits both.
    expect(moved).toBe("accepted");
  });
});

test("the commands ask for keys, and say what is wrong in one line", () => {
  const run = (...args: string[]): { status: number | null; stderr: string } => envpack(args);
  expect(run("unpack", "-q", "--verify-key", at("own.pub"), at("signed.tar.gz"), at("real")).status).toBe(0);
  expect(run("unpack", "--verify-key", at("own.pub"), at("plain.tar.gz"), at("none"))).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^envpack: error\[SIGNATURE_INVALID\] [^\n]+\nhint: [^\n]+\n$/),
  });
  expect(run("verify", "--verify-key", at("own.pub"), at("real"))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("a folder bears no signature"),
  });
  expect(run("verify", "--verify-key", at("own.pub"), "--repair", at("signed.tar.gz"), at("real")).status).toBe(0);
  expect(run("verify", "--verify-key", at("own.pub"), "--repair", at("plain.tar.gz"), at("real")).stderr).toContain("SIGNATURE_INVALID");
  expect(run("verify", "--signature", at("x"), at("signed.tar.gz")).status).toBe(2);
  expect(run("verify", "--verify-key", at("own.pem"), at("signed.tar.gz")).status).toBe(2);
  expect(run("pack", at("p"), "--node", "none", "-o", at("none.tar"), "--sign", at("own.pub")).status).toBe(2);
  expect(run("pack", at("p"), "--node", "none", "-o", at("none.tar"), "--sign", at("gone.pem"))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("gone.pem"),
  });
  expect(run("pack", at("p"), "--node", "none", "-o", at("detached.tar"), "-f", "-q", "--detach-sign", at("own.pem")).status).toBe(0);
  rmSync(at("detached.tar"));
  expect(run("pack", at("p"), "--node", "none", "-o", at("detached.tar"), "-q", "--detach-sign", at("own.pem")).stderr).toContain(
    "OUTPUT_EXISTS",
  );
});

test.each(["list", "info", "run"])("%s asks for a key as unpack and verify do", (verb) => {
  const command = verb === "run" ? ["--", "node", "-p", "'it ran'"] : [];
  const tried = (archive: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } =>
    envpack([verb, ...options, "--verify-key", at("own.pub"), at(archive), ...command]);
  for (const archive of ["signed.tar.gz", "detached.tar.zst"]) expect(tried(archive)).toMatchObject({ status: 0, stderr: "" });
  expect(tried("plain.tar.gz", "--signature", at("detached.tar.zst.sig")).stderr).toMatch(
    /^envpack: error\[SIGNATURE_INVALID\] the signature is not/,
  );
  for (const archive of ["plain.tar.gz", "foreign.tar.zst"]) {
    const { status, stdout, stderr } = tried(archive);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^envpack: error\[SIGNATURE_INVALID\] [^\n]+\nhint: [^\n]+\n$/);
  }
  const folder = at(`folder-${verb}`);
  expect(envpack(["unpack", "-q", at("signed.tar.gz"), folder]).status).toBe(0);
  expect(tried(`folder-${verb}`)).toMatchObject({ status: 1, stdout: "" });
  expect(tried(`folder-${verb}`).stderr).toMatch(/SIGNATURE_INVALID\] a folder bears no signature/);
});

test("an option of run behind the archive is refused before anything is restored: what was meant to be checked would not be", () => {
  expect(envpack(["run", at("plain.tar.gz"), "--verify-key", at("own.pub"), "--", "echo"])).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("--verify-key stands behind X"),
  });
});

test("an option behind the command of run is the command's own", () => {
  expect(envpack(["run", at("plain.tar.gz"), "--", "echo", "--verify-key", "x"]).stdout).toBe("--verify-key x\n");
});
