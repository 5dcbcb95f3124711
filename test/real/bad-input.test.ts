import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runMain } from "../cli/in-process.js";
import { envpack, execute, makeScratch, NOBODY, nobodyMissing, shell, type Outcome } from "./commands.js";
import { smallNode } from "../small-node.js";
import { noise } from "../faults/project.js";
import { buildSample } from "./sample.js";

type Ended = Omit<Outcome, "signal">;

const isRoot = process.getuid?.() === 0;
const scratch = makeScratch();
const installed = join(scratch, "installed");
const archive = join(scratch, "good.tar.gz");
const SMALL = ["--node", smallNode()];
let at = 0;
let project: string;
let out: string;

beforeAll(() => {
  mkdirSync(installed);
  buildSample(installed);
  // More than a small disk holds, and several frames.
  writeFileSync(join(installed, "assets/large"), noise(12 << 20));
  chmodSync(scratch, 0o755);
  expect(envpack(["pack", installed, "-q", ...SMALL, "-o", archive]).status).toBe(0);
});

beforeEach(() => {
  const folder = join(scratch, String(at++));
  project = join(folder, "pantry");
  out = join(folder, "out");
  mkdirSync(out, { recursive: true });
  expect(execute("cp", ["-a", installed, project]).status).toBe(0);
});

/** One line with the code and what is at fault, a hint under it, status 1, and nothing left behind. */
function expectRefused(outcome: Ended, code: string, what: RegExp, left: readonly string[] = []): void {
  expect(outcome.stderr).toMatch(new RegExp(`^envpack: error\\[${code}\\] [^\\n]+\\n(hint: [^\\n]+\\n)?$`));
  expect(outcome.stderr).toMatch(what);
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(readdirSync(out)).toEqual(left);
}

const pack = (...more: string[]): Promise<Ended> => runMain("pack", project, "-o", join(out, "x.tar.gz"), ...more);

describe("what cannot be packed", () => {
  test("a folder that is not there", async () => {
    rmSync(project, { recursive: true });
    expectRefused(await pack(), "IO|NOT_AN_ENVIRONMENT", /pantry/);
  });

  test("no package.json", async () => {
    rmSync(join(project, "package.json"));
    expectRefused(await pack(), "NOT_AN_ENVIRONMENT", /package\.json.*\nhint: /s);
  });

  test("a package.json that is no JSON", async () => {
    writeFileSync(join(project, "package.json"), "{ nope");
    expectRefused(await pack(), "NOT_AN_ENVIRONMENT", /package\.json/);
  });

  test("no node_modules: npm ci is the way out", async () => {
    rmSync(join(project, "node_modules"), { recursive: true });
    expectRefused(await pack(), "NOT_INSTALLED", /hint: .*npm ci/);
  });

  test("a package of another version than the lockfile's is named", async () => {
    const file = join(project, "node_modules/ms/package.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"2.1.3"', '"2.1.2"'));
    expectRefused(await pack(), "LOCK_MISMATCH", /\bms\b.*\nhint: .*npm ci/s);
  });

  test("a package of the lockfile that is missing is named", async () => {
    rmSync(join(project, "node_modules/semver"), { recursive: true });
    expectRefused(await pack(), "LOCK_MISMATCH", /\bsemver\b.*\nhint: .*npm ci/s);
  });

  test("9: a link that leaves the project", async () => {
    symlinkSync("/etc/hostname", join(project, "assets/host"));
    expectRefused(await pack(), "LINK_ESCAPES", /assets\/host/);
  });

  test("15: a named pipe, without waiting for a writer", async () => {
    expect(execute("mkfifo", [join(project, "assets/pipe")]).status).toBe(0);
    expectRefused(await pack(), "SPECIAL_FILE", /assets\/pipe/);
  });

  test("40: a file that may not be read is named", ({ skip }) => {
    const missing = nobodyMissing();
    if (missing !== null) skip(missing);
    const secret = join(project, "assets/locked.txt");
    writeFileSync(secret, "x", { mode: 0o600 });
    chownSync(out, NOBODY.uid, NOBODY.gid);
    const outcome = envpack(["pack", project, "-o", join(out, "x.tar.gz")], { ...NOBODY, cwd: "/" });
    expectRefused(outcome, "SOURCE_UNREADABLE|NO_PERMISSION", /assets\/locked\.txt/);
  });

  test("a runtime that is not there", async () => {
    expectRefused(await pack("--node", "/no/such/node"), "RUNTIME_NOT_FOUND", /\/no\/such\/node/);
  });
});

describe("where the archive goes", () => {
  test("an output that exists stays as it is, and -f replaces it by one rename", async () => {
    const output = join(out, "x.tar.gz");
    writeFileSync(output, "older");
    expectRefused(await pack(), "OUTPUT_EXISTS", /x\.tar\.gz.*\nhint: .*(-f|--force)/s, ["x.tar.gz"]);
    expect(readFileSync(output, "utf8")).toBe("older");
    const before = statSync(output).ino;
    expect(await pack("-f", "-q", ...SMALL)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(statSync(output).ino).not.toBe(before);
    expect((await runMain("verify", output)).status).toBe(0);
  });

  test("41: a failing pack leaves the older output whole, even with -f", async () => {
    const output = join(out, "x.tar.gz");
    writeFileSync(output, "older");
    symlinkSync("/etc/hostname", join(project, "assets/host"));
    expectRefused(await pack("-f"), "LINK_ESCAPES", /assets\/host/, ["x.tar.gz"]);
    expect(readFileSync(output, "utf8")).toBe("older");
  });

  test("a folder that may not be written to", ({ skip }) => {
    const missing = nobodyMissing();
    if (missing !== null) skip(missing);
    const outcome = envpack(["pack", project, "-o", join(out, "x.tar.gz")], { ...NOBODY, cwd: "/" });
    expectRefused(outcome, "NO_PERMISSION", /EACCES/);
  });

  test("a folder that is not there is made, and is gone again when packing fails", async () => {
    const output = join(out, "no/such/x.tar");
    expect(await runMain("pack", project, "-o", output, "-q", ...SMALL)).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(output).isFile()).toBe(true);
    rmSync(join(out, "no"), { recursive: true });
    symlinkSync("/etc/hostname", join(project, "assets/host"));
    expectRefused(await runMain("pack", project, "-o", output), "LINK_ESCAPES", /assets\/host/);
  });

  test("an ending that is no format", async () => {
    const { status, stderr } = await runMain("pack", project, "-o", join(out, "x.rar"));
    expect([status, readdirSync(out)]).toEqual([2, []]);
    expect(stderr).toMatch(/^envpack: error\[USAGE\] .*x\.rar\nhint: .*\.tar\.zst/);
  });
});

describe("31: a full disk", () => {
  const disk = join(scratch, "small-disk");
  let mounted = false;
  beforeAll(() => {
    mkdirSync(disk);
    mounted = isRoot && process.platform === "linux" && execute("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]).status === 0;
  });
  afterAll(() => {
    if (mounted) execute("umount", [disk]);
  });

  test("ends pack with nothing left behind and an older output whole", async ({ skip }) => {
    if (!mounted) skip("a small disk cannot be mounted here");
    const older = join(disk, "x.tar.gz");
    writeFileSync(older, "older");
    const outcome = await runMain("pack", project, "-f", "-o", older);
    expectRefused(outcome, "NO_SPACE", /ENOSPC/);
    expect(readdirSync(disk)).toEqual(["x.tar.gz"]);
    expect(readFileSync(older, "utf8")).toBe("older");
    rmSync(older);
  });

  test("ends unpack with nothing left behind", async ({ skip }) => {
    if (!mounted) skip("a small disk cannot be mounted here");
    expectRefused(await runMain("unpack", archive, join(disk, "env")), "NO_SPACE", /ENOSPC/);
    expect(readdirSync(disk)).toEqual([]);
  });

  test("ends a pipe into a full disk with an error of the one that writes", () => {
    const { status, stderr } = shell(`envpack pack "${project}" -o - > /dev/full`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^envpack: error\[NO_SPACE\] /);
  });
});

describe("what cannot be unpacked", () => {
  const unpack = (file: string, ...more: string[]): Promise<Ended> => runMain("unpack", file, join(out, "env"), ...more);

  test("no such archive", async () => {
    expectRefused(await unpack(join(scratch, "none.tar.gz")), "IO", /none\.tar\.gz/);
  });

  test.each([
    ["an empty file", ""],
    ["text", "hello, this is no archive\n"],
    ["a page that says 404", "<!doctype html><title>404 Not Found</title>"],
  ])("%s", async (_what, content) => {
    const file = join(dirname(out), "page.tar.gz");
    writeFileSync(file, content);
    expectRefused(await unpack(file), "NOT_AN_ARCHIVE", /page\.tar\.gz/);
    expectRefused(await runMain("verify", file), "NOT_AN_ARCHIVE", /page\.tar\.gz/);
    expectRefused(await runMain("list", file), "NOT_AN_ARCHIVE", /page\.tar\.gz/);
  });

  test("an archive of another tool", async () => {
    const file = join(dirname(out), "other.tar.gz");
    expect(execute("tar", ["-czf", file, "-C", installed, "package.json"]).status).toBe(0);
    expectRefused(await unpack(file), "NOT_AN_ARCHIVE|ARCHIVE_CORRUPT", /other\.tar\.gz/);
  });

  test("an archive that was cut, from a file and from stdin", async () => {
    const file = join(dirname(out), "cut.tar.gz");
    expect(execute("cp", [archive, file]).status).toBe(0);
    truncateSync(file, Math.floor(statSync(file).size / 2));
    expectRefused(await unpack(file), "NOT_AN_ARCHIVE|ARCHIVE_CORRUPT", /cut\.tar\.gz/);
    expectRefused(shell(`envpack unpack - "${join(out, "env")}" < "${file}"`), "ARCHIVE_CORRUPT", /./);
  });

  test("one flipped bit in the middle", async () => {
    const file = join(dirname(out), "flipped.tar.gz");
    const bytes = readFileSync(archive);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expectRefused(await unpack(file), "ARCHIVE_CORRUPT|DIGEST_MISMATCH", /./);
    expectRefused(await runMain("verify", file), "ARCHIVE_CORRUPT|DIGEST_MISMATCH", /./);
  });

  test("35: a target that exists stays as it is, and --force swaps an environment of envpack's", async () => {
    const target = join(out, "env");
    mkdirSync(target);
    writeFileSync(join(target, "mine"), "x");
    // No environment of envpack's: --force leaves it alone as well.
    for (const force of [[], ["--force"]]) {
      expectRefused(await unpack(archive, ...force), "TARGET_EXISTS", /env.*\nhint: /s, ["env"]);
      expect(readdirSync(target)).toEqual(["mine"]);
    }
    rmSync(target, { recursive: true });
    expect((await unpack(archive, "-q")).status).toBe(0);
    expectRefused(await unpack(archive), "TARGET_EXISTS", /env.*\nhint: .*--force/s, ["env"]);
    rmSync(join(target, "app/package.json"));
    expect((await unpack(archive, "--force", "-q")).status).toBe(0);
    expect(readdirSync(join(target, "app"))).toContain("package.json");
    expect(readdirSync(out)).toEqual(["env"]);
  });

  test("stdin without a folder's name", () => {
    const { status, stderr } = shell(`envpack unpack - < "${archive}"`);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^envpack: error\[USAGE\] .*\nhint: /);
  });
});

test("a project that was moved after npm installed it packs as well", async () => {
  const moved = join(dirname(project), "moved");
  renameSync(project, moved);
  project = moved;
  expect((await pack("-q", ...SMALL)).status).toBe(0);
});
