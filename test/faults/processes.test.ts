import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { META } from "../../src/archive/entry.js";
import { compareTree } from "../../src/inspect/verify/compare.js";
import { ENVPACK, envpack, makeScratch, shell } from "../real/commands.js";
import { noise, packProject, writeProject } from "./project.js";

/* What happens to the process; SIGINT, SIGTERM and SIGHUP are tried in test/real, two at once in test/restore. */
const scratch = makeScratch();
const project = join(scratch, "pantry");
const archive = join(scratch, "pantry.tar.gz");

beforeAll(() => {
  writeProject(project);
  writeFileSync(join(project, "noise"), noise(5 << 20));
  packProject(project, archive);
});

const KILLS = 100;

/** Starts the tool and kills it after so many milliseconds; whether it was killed. */
async function runAndKill(args: readonly string[], delay: number): Promise<boolean> {
  const child = spawn(process.execPath, [ENVPACK, ...args], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), delay);
  await once(child, "exit");
  clearTimeout(timer);
  return child.signalCode === "SIGKILL";
}

async function secondsOf(args: readonly string[]): Promise<number> {
  const began = performance.now();
  await runAndKill(args, 600_000);
  return performance.now() - began;
}

describe("SIGKILL", () => {
  test("32: at a hundred moments of unpack: no half environment ever, and the next run clears up", async () => {
    const folder = join(scratch, "killed");
    mkdirSync(folder);
    const whole = await secondsOf(["unpack", archive, join(folder, "first")]);
    rmSync(join(folder, "first"), { recursive: true });
    let killed = 0;
    // Two at a time, each on a target of its own.
    const lane = async (target: string): Promise<void> => {
      for (let turn = 0; turn < KILLS / 2; turn++) {
        if (await runAndKill(["unpack", "-q", "-j", "1", archive, target], whole * (0.2 + 0.9 * Math.random()))) killed++;
        if (!existsSync(target)) continue;
        expect(existsSync(join(target, META.index))).toBe(true);
        expect((await compareTree(target)).differences).toEqual([]);
        rmSync(target, { recursive: true });
      }
    };
    await Promise.all([lane(join(folder, "a")), lane(join(folder, "b"))]);
    expect(killed).toBeGreaterThan(KILLS / 4);
    for (const name of ["a", "b"]) expect(envpack(["unpack", "-q", archive, join(folder, name)]).stderr).toBe("");
    // A lock that was being taken in that very moment is cleared when it is old enough.
    expect(readdirSync(folder).filter((name) => !/-lock(-taking)*(-[0-9a-f]{16}(-dead)?)?$/.test(name))).toEqual(["a", "b"]);
  }, 240_000);

  test("41: in pack: an older archive stays whole", async () => {
    const output = join(scratch, "output/x.tar.gz");
    mkdirSync(join(scratch, "output"));
    const args = ["pack", project, "--node", "none", "-f", "-q", "-o", output];
    const whole = await secondsOf(args);
    const bytes = readFileSync(output);
    for (let turn = 0; turn < 15; turn++) {
      await runAndKill(args, whole * (0.3 + 0.8 * Math.random()));
      expect(readFileSync(output).equals(bytes)).toBe(true);
    }
  }, 120_000);
});

describe("37: 64 open files are enough", () => {
  const folder = join(scratch, "few");
  const tree = join(folder, "pantry");

  beforeAll(() => {
    writeProject(tree);
    for (let at = 0; at < 1500; at++) writeFileSync(join(tree, `more-${at}.js`), `module.exports = ${at};\n`);
    // Files of a size that verify reads apart from each other.
    for (let at = 0; at < 60; at++) writeFileSync(join(tree, `large-${at}`), noise(70 << 10));
  });

  // A machine of 64 processors starts so many threads by itself. Some descriptors are taken from the start, as a build system leaves them.
  test.each([1, 64])("for pack, packing again, unpack, verify and pipes, with %i threads", (threads) => {
    const few = "ulimit -n 64; exec 41</dev/null 42</dev/null 43</dev/null; set -o pipefail";
    const pack = `envpack pack "${tree}" --node none -q -j ${threads}`;
    const [archive, again, first, second] = ["a.tar.gz", "b.tar.gz", "t", "u"].map((name) => `"${join(folder, `${threads}-${name}`)}"`);
    const lines = [
      `${pack} -o ${archive}`,
      `${pack} -f -o ${archive}`,
      `${pack} --reuse ${archive} -o ${again}`,
      `envpack unpack -q -j ${threads} ${archive} ${first}`,
      `envpack verify -q -j ${threads} ${first}`,
      `envpack verify -q -j ${threads} ${again}`,
      `${pack} --format tar.gz -o - | envpack unpack -q -j ${threads} - ${second}`,
    ];
    for (const line of lines) expect(shell(`${few}; ${line}`), line).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  });
});

describe("40: a file that changes while it is packed", () => {
  // The archive goes into a pipe that nobody reads at first, so that pack stands still before the last file.
  const change = async (name: string, action: (file: string) => void): Promise<{ status: number | null; stderr: string }> => {
    const folder = writeProject(join(scratch, name));
    writeFileSync(join(folder, "noise"), noise(48 << 20));
    const file = join(folder, "zz.txt");
    writeFileSync(file, "as planned");
    const child = spawn(process.execPath, [
      ENVPACK,
      "pack",
      folder,
      "--node",
      "none",
      "-j",
      "1",
      "-q",
      "--compress-level",
      "1",
      "--format",
      "tar.gz",
      "-o",
      "-",
    ]);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    await once(child.stdout, "readable");
    action(file);
    child.stdout.resume();
    await once(child, "close");
    return { status: child.exitCode, stderr };
  };

  test.each<[string, (file: string) => void]>([
    [
      "grows",
      (file) => {
        appendFileSync(file, " and more");
      },
    ],
    [
      "shrinks",
      (file) => {
        truncateSync(file, 3);
      },
    ],
    [
      "vanishes",
      (file) => {
        rmSync(file);
      },
    ],
    [
      "is replaced",
      (file) => {
        rmSync(file);
        writeFileSync(file, "as planned");
      },
    ],
  ])("that %s is named, and pack fails", async (what, action) => {
    const { status, stderr } = await change(what.replace(" ", "-"), action);
    expect(stderr).toMatch(/^envpack: error\[SOURCE_CHANGED\] [^\n]*zz\.txt/);
    expect(status).toBe(1);
  });
});

describe("34: sixteen that want one environment", () => {
  const shared = (target: string, file = archive): Promise<number | null> => {
    const child = spawn(process.execPath, [ENVPACK, "unpack", "--shared", "-q", "-j", "1", file, target], { stdio: "ignore" });
    return once(child, "exit").then(([status]) => status as number | null);
  };

  test("get one tree and sixteen successes, though the first is killed at its work", async () => {
    const target = join(scratch, "shared/deep/t");
    const first = spawn(process.execPath, [ENVPACK, "unpack", "--shared", "-q", archive, target], { stdio: "ignore" });
    const ended = once(first, "exit");
    while (!existsSync(join(scratch, "shared/deep")) || readdirSync(join(scratch, "shared/deep")).length === 0)
      await new Promise(setImmediate);
    const others = Array.from({ length: 16 }, () => shared(target));
    first.kill("SIGKILL");
    await ended;
    expect(await Promise.all(others)).toEqual(Array.from({ length: 16 }, () => 0));
    expect((await compareTree(target)).differences).toEqual([]);
    expect(readdirSync(join(scratch, "shared/deep")).filter((name) => !/-lock-[0-9a-f]{16}/.test(name))).toEqual(["t"]);
    const { ino, ctimeMs } = statSync(target);
    expect(await shared(target)).toBe(0);
    expect(statSync(target)).toMatchObject({ ino, ctimeMs });
  }, 120_000);

  test("are refused where another environment lies there", () => {
    const other = packProject(writeProject(join(scratch, "other")), join(scratch, "other.tar.gz"));
    const target = join(scratch, "occupied");
    expect(envpack(["unpack", "-q", archive, target]).status).toBe(0);
    const { status, stderr } = envpack(["unpack", "--shared", other, target]);
    expect(stderr).toMatch(/^envpack: error\[TARGET_EXISTS\] the target holds another environment/);
    expect(status).toBe(1);
    expect(envpack(["verify", "-q", target]).status).toBe(0);
  });
});
