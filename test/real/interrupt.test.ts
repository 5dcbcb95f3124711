import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { ENVPACK, envpack, makeScratch } from "./commands.js";
import { noise } from "../faults/project.js";
import { buildSample } from "./sample.js";
import { smallNode } from "../small-node.js";

const scratch = makeScratch();
const project = join(scratch, "pantry");
const archive = join(scratch, "pantry.tar.gz");

beforeAll(() => {
  mkdirSync(project);
  buildSample(project);
  // Half of it is several frames.
  writeFileSync(join(project, "assets/large"), noise(24 << 20));
  expect(envpack(["pack", project, "-q", "--node", smallNode(), "-o", archive]).status).toBe(0);
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ signal: NodeJS.Signals | null; stderr: string }>;
}

function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, [ENVPACK, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(() => ({ signal: child.signalCode, stderr }));
  return { child, ended };
}

/** Waits until a folder holds something whose name fits. */
async function appears(folder: string, fits: (name: string) => boolean): Promise<void> {
  while (!readdirSync(folder).some(fits)) await sleep(2);
}

const MESSAGE = /^envpack: error\[INTERRUPTED\] interrupted\nhint: [^\n]+\n$/;

describe.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("33: %s", (signal) => {
  test("ends pack by that signal; an older output stays whole and nothing else is left", async () => {
    const out = join(scratch, `pack-${signal}`);
    mkdirSync(out);
    writeFileSync(join(out, "x.tar.gz"), "older");
    // The highest level takes long enough to be interrupted for sure.
    const { child, ended } = start(["pack", project, "-f", "-j", "1", "--compress-level", "9", "-o", join(out, "x.tar.gz")]);
    await appears(out, (name) => name !== "x.tar.gz");
    child.kill(signal);
    expect(await ended).toEqual({ signal, stderr: expect.stringMatching(MESSAGE) });
    expect(readdirSync(out)).toEqual(["x.tar.gz"]);
    expect(readFileSync(join(out, "x.tar.gz"), "utf8")).toBe("older");
  });

  test("ends unpack by that signal and leaves nothing", async () => {
    const out = join(scratch, `unpack-${signal}`);
    mkdirSync(out);
    const { child, ended } = start(["unpack", "-", join(out, "env")]);
    // Half an archive, and a pipe that stays open: the restore has begun and cannot end.
    child.stdin?.on("error", () => undefined).write(firstHalf(archive));
    await appears(out, (name) => name !== "env");
    child.kill(signal);
    expect(await ended).toEqual({ signal, stderr: expect.stringMatching(MESSAGE) });
    expect(readdirSync(out)).toEqual([]);
  });

  test("ends a pack whose reader does not read", async () => {
    const { child, ended } = start(["pack", project, "-o", "-"]);
    await once(child.stdout as NodeJS.ReadableStream, "readable");
    child.kill(signal);
    child.stdout?.resume();
    expect(await ended).toEqual({ signal, stderr: expect.stringMatching(MESSAGE) });
  });

  test("reaches the command of envpack run, whose end is envpack's", async () => {
    const root = join(scratch, `run-${signal}`);
    expect(envpack(["unpack", "-q", archive, root]).status).toBe(0);
    const code = `process.on("${signal}", () => process.exit(42)); setInterval(() => {}, 1000); console.log("up")`;
    const { child, ended } = start(["run", root, "--", "node", "-e", code]);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill(signal);
    expect(await ended).toEqual({ signal: null, stderr: "" });
    expect(child.exitCode).toBe(42);
  });
});

test("N6: a second Ctrl-C while the first one is being obeyed leaves nothing either", async () => {
  const out = join(scratch, "twice");
  mkdirSync(out);
  const { child, ended } = start(["unpack", "-", join(out, "env")]);
  child.stdin?.on("error", () => undefined).write(firstHalf(archive));
  await appears(out, (name) => name !== "env");
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await ended).toEqual({ signal: "SIGINT", stderr: expect.stringMatching(MESSAGE) });
  expect(readdirSync(out)).toEqual([]);
});

test("a reader of the archive that goes away ends pack with one line", async () => {
  const { child, ended } = start(["pack", project, "-o", "-"]);
  await once(child.stdout as NodeJS.ReadableStream, "readable");
  child.stdout?.destroy();
  expect(await ended).toEqual({ signal: null, stderr: expect.stringMatching(/^envpack: error\[IO\] [^\n]+\n(hint: [^\n]+\n)?$/) });
  expect(child.exitCode).toBe(1);
});

function firstHalf(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
