import { spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  chownSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { Writable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import "../setup.js";
import { encodeStubHeader, STUB_HEADER_BYTES, STUB_VERSION, stubName } from "../../src/archive/stub/header.js";
import { readStub, STUB_MAX } from "../../src/archive/stub/stub.js";
import { selfExtractor } from "../../src/embed/self-extractor.js";
import { diff } from "../../src/verbs/diff.js";
import { info } from "../../src/verbs/info.js";
import { list } from "../../src/verbs/list.js";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { runMain } from "../cli/in-process.js";
import { readTree } from "../engine/trees.js";
import { makeScratch } from "../real/commands.js";
import { fieldsOf, flip, packShop, start, writeShop } from "./self-extracting.js";

const scratch = makeScratch();
const project = join(scratch, "project");
const file = join(scratch, "shop.sh");
const archive = join(scratch, "shop.tar.gz");
const PATH = `${existsSync("/usr/bin/node") ? "/usr/bin" : join(process.execPath, "..")}:/usr/bin:/bin`;
const isRoot = process.getuid?.() === 0;
let whole: Buffer;

beforeAll(async () => {
  writeShop(project);
  await packShop(project, archive);
  const { sha256, archiveBytes, format } = await packShop(project, file);
  whole = readFileSync(file);
  expect({ sha256, archiveBytes, format }).toEqual({
    sha256: createHash("sha256").update(whole).digest("hex"),
    archiveBytes: whole.length,
    format: "sh",
  });
}, 300_000);

/** Writes a file beside the good one. */
function write(name: string, content: Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

const outcome = (path: string): Promise<unknown> =>
  verify({ path, threads: 1 }).then(
    () => "accepted",
    (error: unknown) => error,
  );

describe("a self-extracting file", () => {
  test("is a script whose digest the reader knows, and behind it the very .tar.gz that is written elsewhere", async () => {
    const { base, size, sha256, platform, name } = fieldsOf(whole);
    const script = await selfExtractor();
    expect(base).toBe(STUB_HEADER_BYTES + script.length);
    expect(STUB_MAX).toBeGreaterThanOrEqual(base);
    expect(readStub(whole)).toEqual({ version: STUB_VERSION, base, size, sha256, platform, name });
    const payload = whole.subarray(base);
    expect(payload.equals(readFileSync(archive))).toBe(true);
    expect({ size, sha256, name }).toEqual({
      size: payload.length,
      sha256: createHash("sha256").update(payload).digest("hex"),
      name: "acme-shop-1.4.0",
    });
    expect(platform).toMatch(/^(linux|darwin)-/);
  });

  test("has the same bytes again, also where frames are taken from an earlier one or from a .tar.gz", async () => {
    const again = join(scratch, "again.sh");
    for (const reuse of [false, file, archive] as const) {
      await packShop(project, again, { force: true, reuse });
      expect(readFileSync(again).equals(whole)).toBe(true);
    }
  });

  test("is read as any archive is, from the file and from a stream", async () => {
    const paths = (await list({ path: archive })).map(({ path }) => path);
    expect((await list({ path: file })).map(({ path }) => path)).toEqual(paths);
    expect(await info({ path: file })).toMatchObject({ format: "sh", archiveBytes: whole.length, kind: "archive" });
    expect(await verify({ path: file, threads: 1 })).toMatchObject({ ok: true });
    expect(await verify({ path: createReadStream(file), threads: 1 })).toMatchObject({ ok: true });
    const targets = ["from-archive", "from-file", "from-stream"].map((name) => join(scratch, name));
    const place = join(scratch, "place");
    for (const [index, from] of [archive, file, createReadStream(file)].entries()) {
      // Restored to one place each time, so that what names it is the same.
      await unpack({ archive: from, target: place, threads: 1, only: undefined });
      renameSync(place, targets[index] as string);
    }
    const [expected, ...others] = targets.map((target) => readTree(target));
    for (const tree of others) expect(tree).toEqual(expected);
    expect((await diff({ sources: [archive, file] })).equal).toBe(true);
  });

  test("restores by itself what envpack restores", async () => {
    const place = join(scratch, "by", "itself");
    expect(start("sh", [file, place], { env: { PATH } })).toMatchObject({ status: 0 });
    renameSync(place, join(scratch, "by", "script"));
    await unpack({ archive, target: place, threads: 1 });
    expect(readTree(join(scratch, "by", "script"))).toEqual(readTree(place));
  });

  test("is read as well where an older version of envpack has written it", async () => {
    const { base, ...fields } = fieldsOf(whole);
    for (let version = 1; version < STUB_VERSION; version++) {
      const script = readFileSync(join(import.meta.dirname, `../../fixtures/self-extractor-${version}.sh`));
      const header = encodeStubHeader({ ...fields, version, base: STUB_HEADER_BYTES + script.length });
      const old = write(`old-${version}.sh`, Buffer.concat([header, script, whole.subarray(base)]));
      expect(await verify({ path: old, threads: 1 })).toMatchObject({ ok: true });
      expect(await verify({ path: createReadStream(old), threads: 1 })).toMatchObject({ ok: true });
      const target = join(scratch, `from-old-${version}`);
      await unpack({ archive: old, target, threads: 1 });
      expect((await diff({ sources: [archive, target] })).equal).toBe(true);
    }
  });

  test("is refused by envpack with any other script or value in front, and says which it is", async () => {
    const fields = fieldsOf(whole);
    const payload = whole.subarray(fields.base);
    const script = whole.subarray(STUB_HEADER_BYTES, fields.base);
    const withFields = (changed: Partial<typeof fields>): Buffer =>
      Buffer.concat([encodeStubHeader({ ...fields, ...changed }), script, payload]);
    const behind = (other: Buffer): Buffer =>
      Buffer.concat([
        encodeStubHeader({ ...fields, size: other.length, sha256: createHash("sha256").update(other).digest("hex") }),
        script,
        other,
      ]);
    const zstd = join(scratch, "x.tar.zst");
    const rooted = join(scratch, "x.tar.gz");
    await packShop(project, zstd);
    await packShop(project, rooted, { arcroot: "x" });
    const smuggled = Buffer.from(whole);
    smuggled.write("true      ", smuggled.indexOf("set -u +e +f +C"), "latin1");
    const cases: [string, Buffer, object][] = [
      ["another script", smuggled, { code: "ARCHIVE_UNSAFE" }],
      ["a flipped bit of the script", flip(whole, fields.base - 10), { code: "ARCHIVE_UNSAFE" }],
      [
        "a command in the name",
        Buffer.from(whole.toString("latin1").replace("name='acme-shop-1.4.0'", "name='x';touch y;'1.4.0"), "latin1"),
        { code: "ARCHIVE_UNSAFE" },
      ],
      ["a newer version", withFields({ version: STUB_VERSION + 1 }), { code: "ARCHIVE_TOO_NEW" }],
      ["this script as an older version's", withFields({ version: STUB_VERSION - 1 }), { code: "ARCHIVE_UNSAFE" }],
      ["another digest", withFields({ sha256: "0".repeat(64) }), { code: "ARCHIVE_CORRUPT", message: expect.stringContaining("digest") }],
      ["another name", withFields({ name: "shop-1.4.1" }), { code: "ARCHIVE_CORRUPT", message: expect.stringContaining("manifest") }],
      [
        "another platform",
        withFields({ platform: "aix-ppc64" }),
        { code: "ARCHIVE_CORRUPT", message: expect.stringContaining("manifest") },
      ],
      ["another length", withFields({ size: fields.size + 1 }), { code: "ARCHIVE_CORRUPT", message: expect.stringContaining("length") }],
      ["another place", withFields({ base: fields.base + 1 }), { code: "ARCHIVE_UNSAFE" }],
      ["a .tar.zst", behind(readFileSync(zstd)), { code: "ARCHIVE_CORRUPT", message: expect.stringContaining(".tar.gz") }],
      ["a root folder", behind(readFileSync(rooted)), { code: "ARCHIVE_CORRUPT", message: expect.stringContaining(".tar.gz") }],
      ["no end", whole.subarray(0, -10), { code: "ARCHIVE_CORRUPT" }],
      ["no archive", whole.subarray(0, 3000), { code: "ARCHIVE_CORRUPT" }],
    ];
    for (const [what, content, expected] of cases) {
      const path = write("bad.sh", content);
      expect(await outcome(path), what).toMatchObject({ ...expected, path });
      const streamed = await verify({ path: createReadStream(path), threads: 1 }).then(
        () => "accepted",
        (error: unknown) => error,
      );
      expect(streamed, `${what}, in a stream`).toMatchObject({ code: expect.stringMatching(/^ARCHIVE_/) });
    }
    for (let at = 0; at < STUB_HEADER_BYTES; at += 29)
      expect(await outcome(write("bad.sh", flip(whole, at))), `a bit at ${at}`).toMatchObject({
        code: expect.stringMatching(/^(ARCHIVE_|NOT_AN)/),
      });
  }, 120_000);

  test("is signed as its archive is, and what a key vouches for is all of the file", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = write("key.pem", Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })));
    const verifyKeys = [write("key.pub.pem", Buffer.from(publicKey.export({ type: "spki", format: "pem" })))];
    const signed = join(scratch, "signed.sh");
    await packShop(project, signed, { sign: key });
    expect(await verify({ path: signed, verifyKeys, threads: 1 })).toMatchObject({ ok: true, signature: { trusted: true } });
    await expect(verify({ path: file, verifyKeys, threads: 1 })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    const bytes = readFileSync(signed);
    await expect(verify({ path: write("bad.sh", flip(bytes, fieldsOf(bytes).base - 10)), verifyKeys, threads: 1 })).rejects.toMatchObject({
      code: "ARCHIVE_UNSAFE",
    });
  });

  test("goes nowhere but to a file, has no root folder, and a name of harmless letters", async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    await expect(packShop(project, "", { output: stream, format: "sh" })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("-o"),
    });
    await expect(packShop(project, join(scratch, "x.sh"), { arcroot: "x" })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("--arcroot"),
    });
    expect(stubName("@a/b c'$(id)", "1.0.0")).toBe("a-b_c___id_-1.0.0");
    expect(stubName("-x", null)).toBe("x");
    expect(stubName("…", null)).toBe("_");
  });

  test("is told by the command line: what comes next, and how it runs", async () => {
    const packed = await runMain("pack", project, "--node", "none", "--no-reuse", "-f", "-o", file);
    expect(packed.stderr).toMatch(/\nnext: \S*\/shop\.sh DIR\n$/);
    expect((await runMain("deliver", "yarn", file, "--to", "hdfs://h/x")).stderr).toContain("error[ARCHIVE_UNFIT]");
    expect(readFileSync(file).equals(whole)).toBe(true);
    expect((await runMain("verify", file)).stdout).toContain("ok:");
  });
});

describe("the script", () => {
  test("works with an archive that begins behind 4 GiB", (context) => {
    const fields = fieldsOf(whole);
    const far = 4_400_000_000;
    const path = write(
      "far.sh",
      Buffer.concat([encodeStubHeader({ ...fields, base: far }), whole.subarray(STUB_HEADER_BYTES, fields.base)]),
    );
    try {
      truncateSync(path, far);
    } catch {
      context.skip("no file system with holes");
    }
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, whole, fields.base, fields.size, far);
    closeSync(descriptor);
    expect(start("sh", [path, join(scratch, "far")], { env: { PATH } })).toMatchObject({ status: 0 });
    expect(existsSync(join(scratch, "far/.envpack/index.jsonl"))).toBe(true);
  });

  test("refuses another platform before it writes anything", () => {
    const fields = fieldsOf(whole);
    const path = write(
      "other.sh",
      Buffer.concat([
        encodeStubHeader({ ...fields, platform: "linux-arm64".replace(process.arch, "x64") }),
        whole.subarray(STUB_HEADER_BYTES),
      ]),
    );
    const made = start("sh", [path, join(scratch, "other/x")], { env: { PATH } });
    expect(made).toMatchObject({ status: 1, stderr: expect.stringMatching(/^envpack: error\[PLATFORM_MISMATCH\] .*\nhint: .*\n$/) });
    expect(existsSync(join(scratch, "other"))).toBe(false);
  });

  test("refuses a target that is there, and takes an empty folder's place", () => {
    const taken = join(scratch, "taken");
    mkdirSync(taken);
    expect(start("sh", [file, taken], { env: { PATH } })).toMatchObject({ status: 0 });
    expect(existsSync(join(taken, "bin/envpack"))).toBe(true);
    symlinkSync("nowhere", join(scratch, "dangling"));
    for (const target of [taken, file, join(scratch, "dangling"), "/", ".", "..", "bin/.."]) {
      expect(start("sh", [file, target], { cwd: taken, env: { PATH } }), target).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/error\[TARGET_(EXISTS|UNSUITABLE)\]/),
      });
    }
  });

  test("leaves nothing that a second try minds when it is killed, and never uses what was half made", async () => {
    const cache = join(scratch, "killed");
    const slow = join(scratch, "slow");
    for (const folder of [cache, slow]) mkdirSync(folder);
    writeFileSync(join(slow, "tar"), '#!/bin/sh\n/bin/tar "$@"\nrm .envpack/index.jsonl\necho >"$READY"\nexec sleep 60\n', { mode: 0o755 });
    const ready = join(scratch, "ready");
    const child = spawn("sh", [file, "--", "say", "1"], {
      detached: true,
      stdio: "ignore",
      env: { PATH: `${slow}:${PATH}`, XDG_CACHE_HOME: cache, READY: ready },
    });
    while (!existsSync(ready) && child.exitCode === null) await turn();
    process.kill(-(child.pid as number), "SIGKILL");
    await once(child, "close");
    expect(readdirSync(join(cache, "envpack/sh"))).toEqual([expect.stringMatching(/^\.envpack-sh-/)]);
    expect(start("sh", [file, "--", "say", "2"], { cache, env: { PATH } })).toMatchObject({ status: 0, stdout: '["2"]\n' });
  }, 60_000);

  test("restores once where two want to run at the same time", async () => {
    const cache = join(scratch, "two");
    mkdirSync(cache);
    const children = [1, 2, 3].map((word) =>
      spawn("sh", [file, "--", "say", String(word)], { stdio: ["ignore", "pipe", "pipe"], env: { PATH, XDG_CACHE_HOME: cache } }),
    );
    const said = children.map(async (child, index) => {
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (more: string) => (text += more));
      const [status] = (await once(child, "close")) as [number];
      expect({ status, text }).toEqual({ status: 0, text: `["${index + 1}"]\n` });
    });
    await Promise.all(said);
    const [entry = "", ...others] = readdirSync(join(cache, "envpack/sh"));
    expect(others).toEqual([]);
    expect(await verify({ path: join(cache, "envpack/sh", entry), threads: 1 })).toMatchObject({ ok: true });
  });

  test("says that a cache is another user's, and makes one in the temporary folder for a user without a home", (context) => {
    if (!isRoot) context.skip("only root can be another user");
    const shared = join(scratch, "shared");
    mkdirSync(shared);
    chmodSync(scratch, 0o755);
    chmodSync(shared, 0o1777);
    const nobody = { uid: 65534, gid: 65534, env: { PATH, TMPDIR: shared, HOME: "/nonexistent" } };
    expect(start("sh", [file, "--", "say", "nobody"], nobody)).toMatchObject({ status: 0, stdout: '["nobody"]\n' });
    expect(statSync(join(shared, "envpack-65534")).mode & 0o777).toBe(0o700);
    const foreign = join(shared, "envpack-65533");
    mkdirSync(foreign);
    chownSync(foreign, 65534, 65534);
    const refused = start("sh", [file, "--", "say"], { ...nobody, uid: 65533 });
    expect(refused).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("error[TARGET_UNSUITABLE]") });
  });

  test("obeys the umask, and as root makes files that are root's", () => {
    const target = join(scratch, "private");
    expect(start("sh", ["-c", 'umask 077; exec sh "$0" "$1"', file, target], { env: { PATH } })).toMatchObject({ status: 0 });
    expect(statSync(join(target, "bin/envpack"))).toMatchObject({ uid: process.getuid?.() });
    expect(statSync(join(target, "bin/envpack")).mode & 0o700).toBe(0o700);
    expect(start(join(target, "bin/envpack"), ["verify", "-q"], { env: { PATH } })).toMatchObject({ status: 0 });
  });

  test("says in one line that no program may run where the target is mounted noexec, and starts from such a folder", (context) => {
    const mount = join(scratch, "noexec");
    mkdirSync(mount);
    const inside = (line: string): ReturnType<typeof start> =>
      start("unshare", ["-m", "sh", "-c", `mount -t tmpfs -o noexec none "$1" || exit 99; cp "$0" "$1/x.sh"; ${line}`, file, mount], {
        cwd: scratch,
        env: { PATH },
      });
    const probe = start("unshare", ["-m", "sh", "-c", 'mount -t tmpfs -o noexec none "$0" || exit 99', mount]);
    if (probe.status !== 0) context.skip("nothing may be mounted here");
    expect(inside('sh "$1/x.sh" "$1/env"; echo $?; ls -A "$1"')).toMatchObject({
      stdout: "1\nx.sh\n",
      stderr: expect.stringMatching(/^envpack: error\[TARGET_UNSUITABLE\] no program may run .*\nhint: .*\n$/),
    });
    expect(inside('sh "$1/x.sh" started && ls started/bin/envpack')).toMatchObject({ status: 0, stdout: "started/bin/envpack\n" });
  });

  test("tells what is missing: a program, a digest's program", () => {
    const bin = join(scratch, "few");
    mkdirSync(bin);
    for (const program of ["tail", "gzip", "tar"])
      symlinkSync(start("sh", ["-c", `command -v ${program}`]).stdout.trim(), join(bin, program));
    expect(start("/bin/sh", [file, "--check"], { env: { PATH: bin } })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("none of sha256sum"),
    });
    expect(start("/bin/sh", [file, "--check"], { env: { PATH: scratch } })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("has no tail"),
    });
    for (const [program, link] of [
      ["shasum", "shasum"],
      ["openssl", "openssl"],
    ] as const) {
      const found = start("sh", ["-c", `command -v ${program}`]).stdout.trim();
      if (found === "") continue;
      writeFileSync(join(bin, link), `#!/bin/sh\nPATH=${PATH} exec ${found} "$@"\n`, { mode: 0o755 });
      expect(start("/bin/sh", [file, "--check"], { env: { PATH: bin } })).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("ok:"),
      });
      writeFileSync(join(bin, link), "#!/bin/sh\nexit 1\n");
      chmodSync(join(bin, link), 0o644);
    }
  });
});
