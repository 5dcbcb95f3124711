import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { scratchFolder } from "../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../bin/envpack.js");
let scratch: string;

beforeAll(() => {
  scratch = scratchFolder("cli");
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function envpack(args: readonly string[], env: NodeJS.ProcessEnv = {}): Outcome {
  return spawnSync(process.execPath, [ENVPACK, ...args], {
    cwd: scratch,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

describe("help", () => {
  test("--help goes to stdout with status 0", () => {
    const { status, stdout, stderr } = envpack(["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: envpack");
  });

  test.each(["pack", "unpack", "list", "info", "verify", "diff", "layer", "doctor", "relocate", "run"])(
    "%s has help of its own",
    (command) => {
      const { status, stdout } = envpack([command, "--help"]);
      expect(status).toBe(0);
      expect(stdout).toContain(`Usage: envpack ${command}`);
    },
  );

  test("no command at all is wrong usage, and help says what there is", () => {
    const { status, stdout, stderr } = envpack([]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: envpack");
    expect(stderr).not.toContain("error");
  });
});

describe("wrong usage ends with status 2, one line and a hint", () => {
  test.each([
    [
      "an unknown command",
      ["pakc"],
      /^envpack: error\[USAGE\] unknown command 'pakc'\nhint: did you mean `envpack pack`\? see `envpack --help`/,
    ],
    [
      "an unknown option",
      ["pack", "--formt", "tar"],
      /^envpack: error\[USAGE\] unknown option '--formt'\nhint: did you mean `envpack pack --format tar`\? see `envpack pack --help`/,
    ],
    ["an unknown format", ["pack", "--format", "rar"], /argument 'rar' is invalid: Allowed choices are infer, tar\.zst/],
    ["no threads", ["pack", "-j", "0"], /argument '0' is invalid: it is a number from 1 to 1024, or -1/],
    ["half a thread", ["unpack", "-j", "1.5", "x"], /argument '1\.5' is invalid: it is not a whole number/],
    ["a missing archive", ["unpack"], /missing required argument 'archive'/],
    ["one argument too many", ["list", "a", "b"], /too many arguments/],
    ["another kind to omit", ["pack", "--omit", "prod"], /argument 'prod' is invalid: it can be "dev" or "npm"/],
    ["no environment to list", ["list"], /error\[USAGE\] no archive or environment was named\nhint: /],
    ["a stream to list", ["list", "-"], /only unpack and verify read an archive from stdin\nhint: /],
    ["a stream to describe", ["info", "-"], /only unpack and verify read an archive from stdin\nhint: /],
    ["an archive and JSON both to stdout", ["pack", "-o", "-", "--json"], /both the archive and --json want stdout/],
  ])("%s", (_what, args, message) => {
    const { status, stdout, stderr } = envpack(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
    expect(status).toBe(2);
    if (args.includes("--json")) expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: "USAGE" } });
    else expect(stdout).toBe("");
  });
});

describe("errors", () => {
  test("a path with control characters is escaped, and there is no stack trace", () => {
    const { status, stderr } = envpack(["list", "no\x1b[31mway\n"]);
    expect(status).toBe(1);
    expect(stderr).toContain("no\\u001b[31mway\\u000a");
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test("ENVPACK_DEBUG shows the stack trace", () => {
    const { stderr } = envpack(["list", "nowhere"], { ENVPACK_DEBUG: "1" });
    expect(stderr).toMatch(/^ +at /m);
  });
});
