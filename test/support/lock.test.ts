import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, isHeld, takeAway, type Clock } from "../../src/support/lock.js";
import { bundleProgram } from "../bundle-program.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder("lock");
const program = join(folder, "hold.mjs");
let path = "";
let count = 0;

beforeAll(() => {
  const contents =
    'import { acquireLock } from "./support/lock.ts"; try { await acquireLock(process.argv[2], "busy"); console.log("held"); setInterval(() => {}, 1000); } catch (error) { console.log(error.code); }';
  bundleProgram(contents, program);
});

beforeEach(() => {
  count += 1;
  path = join(folder, `lock-${count}`);
});

/** Another process that tries to take the lock, and what it says about it. */
async function compete(): Promise<{ process: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { process: child, said: said.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("a lock", () => {
  it("is held by one at a time and free afterwards", async () => {
    const lock = await acquireLock(path, "somebody is at it");
    await expect(acquireLock(path, "somebody is at it")).rejects.toMatchObject({
      code: "TARGET_BUSY",
      message: `somebody is at it: process ${process.pid} of user ${process.getuid?.()}`,
      path,
    });
    await expect(acquireLock(path, "busy", "/the/target")).rejects.toMatchObject({ path: "/the/target" });
    await lock.release();
    await (await acquireLock(path, "x")).release();
    expect(readdirSync(folder)).toEqual(["hold.mjs"]);
  });

  it("of a living process is respected, of a killed one is taken over", async () => {
    const other = await compete();
    expect(other.said).toBe("held");
    await expect(acquireLock(path, "busy")).rejects.toMatchObject({ code: "TARGET_BUSY" });
    await kill(other.process);
    expect(existsSync(path)).toBe(true);
    await (await acquireLock(path, "busy")).release();
    expect(existsSync(path)).toBe(false);
  });

  it("is not respected where another process got the dead one's number", async () => {
    const other = await compete();
    const holder = JSON.parse(readFileSync(path, "utf8"));
    await kill(other.process);
    expect(holder.started).toMatch(/^\d+$/);
    writeFileSync(path, JSON.stringify({ ...holder, pid: process.pid }));
    await (await acquireLock(path, "busy")).release();
  });

  it("from another machine is respected while it shows signs of life", async () => {
    for (const content of [JSON.stringify({ pid: 1, started: "1", machine: "elsewhere", token: "x" }), "", "garbage"]) {
      writeFileSync(path, content);
      await expect(acquireLock(path, "busy")).rejects.toMatchObject({ code: "TARGET_BUSY" });
      const past = new Date(Date.now() - 3_600_000);
      utimesSync(path, past, past);
      await (await acquireLock(path, "busy")).release();
    }
  });

  it("has one winner among many that come together, also over a dead one's lock", async () => {
    const dead = await compete();
    await kill(dead.process);
    const all = await Promise.all(Array.from({ length: 8 }, compete));
    expect(all.filter(({ said }) => said === "held")).toHaveLength(1);
    expect(all.filter(({ said }) => said === "TARGET_BUSY")).toHaveLength(7);
    await Promise.all(all.map(({ process: child }) => kill(child)));
  });

  it("goes together with what a process left that was killed while taking it", async () => {
    const strays = [`${path}-0123456789abcdef`, `${path}-0123456789abcde0-dead`];
    const past = new Date(Date.now() - 3_600_000);
    for (const stray of strays) {
      writeFileSync(stray, "");
      utimesSync(stray, past, past);
    }
    const others = [
      `${path}-0123456789abcdef.txt`,
      `${path}x`,
      join(folder, "0123456789abcdef"),
      join(folder, "somebody-0123456789abcdef"),
    ];
    for (const other of others) {
      writeFileSync(other, "");
      utimesSync(other, past, past);
    }
    writeFileSync(`${path}-fedcba9876543210`, "young: its process may be at work");
    await (await acquireLock(path, "busy")).release();
    expect(strays.some((stray) => existsSync(stray))).toBe(false);
    for (const stays of [...others, `${path}-fedcba9876543210`]) {
      expect(existsSync(stays)).toBe(true);
      rmSync(stays);
    }
  });

  it("goes together with a dead process's own file, and without a living one's", async () => {
    const [dead, living] = [`${path}-0123456789abcdef`, `${path}-fedcba9876543210`];
    const other = await compete();
    writeFileSync(dead, readFileSync(path));
    await kill(other.process);
    const lock = await acquireLock(path, "busy");
    writeFileSync(living, readFileSync(path));
    await lock.release();
    expect(existsSync(dead)).toBe(false);
    await (await acquireLock(path, "busy")).release();
    expect(existsSync(living)).toBe(true);
    rmSync(living);
  });

  it("that another took over is not removed by who lost it", async () => {
    const lock = await acquireLock(path, "busy");
    writeFileSync(path, "another's");
    await lock.release();
    expect(readFileSync(path, "utf8")).toBe("another's");
    rmSync(path);
  });
});

/** A clock that stands still until it is turned. */
class HandClock implements Clock {
  #now = Date.now();
  readonly #actions = new Map<() => void, { readonly every: number; next: number }>();

  now(): number {
    return this.#now;
  }

  every(milliseconds: number, action: () => void): () => void {
    this.#actions.set(action, { every: milliseconds, next: this.#now + milliseconds });
    return () => this.#actions.delete(action);
  }

  turn(milliseconds: number): void {
    this.#now += milliseconds;
    for (const [action, due] of this.#actions) {
      if (due.next > this.#now) continue;
      due.next = this.#now + due.every;
      action();
    }
  }
}

/** As another machine's process would have written it. */
const ELSEWHERE = JSON.stringify({ pid: 1, started: "1", machine: "elsewhere boot ns", token: "x" });

/** Waits for what comes of itself within moments; gives up after some seconds. */
async function until(condition: () => boolean): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began < 5000;) {
    if (condition()) return true;
    await new Promise(setImmediate);
  }
  return false;
}

describe("signs of life", () => {
  it("are given while a lock is held, and no longer", async () => {
    const clock = new HandClock();
    const lock = await acquireLock(path, "busy", path, clock);
    for (let turn = 0; turn < 3; turn++) {
      clock.turn(60_000);
      expect(await until(() => Math.abs(statSync(path).mtimeMs - clock.now()) < 10)).toBe(true);
    }
    await lock.release();
    writeFileSync(path, "another's");
    const before = statSync(path).mtimeMs;
    clock.turn(60_000);
    await new Promise(setImmediate);
    expect(statSync(path).mtimeMs).toBe(before);
    rmSync(path);
  });

  it("keep a lock of another machine for two minutes from the last one", async () => {
    const clock = new HandClock();
    writeFileSync(path, ELSEWHERE);
    utimesSync(path, clock.now() / 1000, clock.now() / 1000);
    clock.turn(119_000);
    await expect(acquireLock(path, "busy", path, clock)).rejects.toMatchObject({
      code: "TARGET_BUSY",
      mayEnd: true,
      message: expect.stringContaining("on elsewhere"),
    });
    clock.turn(2000);
    await (await acquireLock(path, "busy", path, clock)).release();
  });

  it("53: in the future are none", async () => {
    for (const content of [ELSEWHERE, "", "garbage"]) {
      writeFileSync(path, content);
      utimesSync(path, Date.now() / 1000 + 86_400, Date.now() / 1000 + 86_400);
      expect(await isHeld(path)).toBe(false);
      await (await acquireLock(path, "busy")).release();
      expect(existsSync(path)).toBe(false);
    }
  });

  it("that a living process no longer gives are not waited for", async () => {
    const other = await compete();
    utimesSync(path, 0, 0);
    await expect(acquireLock(path, "busy")).rejects.toMatchObject({
      code: "TARGET_BUSY",
      mayEnd: false,
      message: expect.stringContaining("without a sign of life"),
      hint: expect.stringContaining("end it"),
    });
    await kill(other.process);
    await (await acquireLock(path, "busy")).release();
  });
});

describe("53: what stands at a lock's place", () => {
  it.each([
    ["a named pipe", (at: string) => execFileSync("mkfifo", [at])],
    ["a link", (at: string) => symlinkSync("/dev/zero", at)],
    ["a folder", (at: string) => mkdirSync(at)],
  ])("%s, is refused at once, stays as it is, and goes as the hint says", async (what, make) => {
    make(path);
    const before = lstatSync(path);
    await expect(acquireLock(path, "busy")).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      path,
      message: `${what} stands where envpack's lock belongs`,
    });
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, mode: before.mode });
    expect(readdirSync(folder).filter((name) => name.startsWith(`lock-${count}-`))).toEqual([]);
    rmSync(path, { recursive: true });
    await (await acquireLock(path, "busy")).release();
  });

  it("a device, is refused without being opened", async ({ skip }) => {
    try {
      execFileSync("mknod", [path, "c", "1", "5"], { stdio: "ignore" });
    } catch {
      skip("needs the right to make devices");
    }
    await expect(acquireLock(path, "busy")).rejects.toMatchObject({ code: "TARGET_UNSUITABLE" });
    rmSync(path);
  });

  it("another user's file, is not waited for, and its owner is named", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to make another user's file");
    for (const content of [ELSEWHERE, "", JSON.stringify({ ...JSON.parse(ELSEWHERE), pid: process.pid })]) {
      writeFileSync(path, content);
      chownSync(path, 65534, 65534);
      await expect(acquireLock(path, "busy")).rejects.toMatchObject({
        code: "TARGET_BUSY",
        mayEnd: false,
        message: expect.stringMatching(/user 65534/),
        hint: expect.stringContaining(`remove ${path}`),
      });
      rmSync(path);
      await (await acquireLock(path, "busy")).release();
    }
  });

  it("a lock that names a living process of another user, is nobody's", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to become another user");
    const lock = await acquireLock(path, "busy");
    const holder = JSON.parse(readFileSync(path, "utf8"));
    await lock.release();
    const child = spawn("sleep", ["100"], { uid: 65534, gid: 65534, stdio: "ignore" });
    await once(child, "spawn");
    try {
      const started = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
      writeFileSync(path, JSON.stringify({ ...holder, pid: child.pid, started }));
      await (await acquireLock(path, "busy")).release();
      writeFileSync(path, JSON.stringify({ ...holder, pid: 1, started: null }));
      await (await acquireLock(path, "busy")).release();
    } finally {
      await kill(child);
    }
  });

  it("a lock of a gigabyte, is not read whole", async () => {
    writeFileSync(path, ELSEWHERE);
    truncateSync(path, 1 << 30);
    const before = process.memoryUsage().arrayBuffers;
    expect(await isHeld(path)).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
    rmSync(path);
  });
});

describe("a dead one's lock", () => {
  /** The lock of a process that was killed. */
  async function leaveLock(): Promise<string> {
    const other = await compete();
    await kill(other.process);
    return readFileSync(path, "utf8");
  }

  it("is removed by one at a time, so that nobody removes what another took meanwhile", async () => {
    const dead = await leaveLock();
    const taking = await acquireLock(`${path}-taking`, "busy");
    await expect(acquireLock(path, "busy")).rejects.toMatchObject({ code: "TARGET_BUSY" });
    expect(readFileSync(path, "utf8")).toBe(dead);
    await taking.release();
    await (await acquireLock(path, "busy")).release();
    expect(readdirSync(folder).filter((name) => name.startsWith(basename(path)))).toEqual([]);
  });

  it("goes too where who was about to remove it was killed, before or after that", async () => {
    const dead = await leaveLock();
    for (const lock of [true, false]) {
      writeFileSync(`${path}-taking`, dead);
      if (lock) writeFileSync(path, dead);
      else rmSync(path, { force: true });
      await (await acquireLock(path, "busy")).release();
      expect(readdirSync(folder).filter((name) => name.startsWith(basename(path)))).toEqual([]);
    }
  });

  it("that another took in the meantime is put back", async () => {
    writeFileSync(path, "the other's");
    await takeAway(path, "the dead one's", `${path}-0123456789abcdef-dead`);
    expect(readFileSync(path, "utf8")).toBe("the other's");
    await takeAway(path, "the other's", `${path}-0123456789abcdef-dead`);
    expect(existsSync(path)).toBe(false);
    await takeAway(path, "gone", `${path}-0123456789abcdef-dead`);
    expect(readdirSync(folder).filter((name) => name.startsWith(`lock-${count}`))).toEqual([]);
  });
});

describe("a full disk", () => {
  it("leaves no lock of 0 bytes behind", async ({ skip }) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk], { stdio: "ignore" });
    } catch {
      rmSync(disk, { recursive: true });
      skip("needs the right to mount");
    }
    try {
      try {
        writeFileSync(join(disk, "filler"), Buffer.alloc(1 << 20));
      } catch {
        // Full, as it should be.
      }
      await expect(acquireLock(join(disk, "lock"), "busy")).rejects.toMatchObject({ code: "ENOSPC" });
      expect(readdirSync(disk)).toEqual(["filler"]);
    } finally {
      execFileSync("umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

describe("a folder that may not be written", () => {
  it("gives the system's own error", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to become another user");
    execFileSync("mkdir", [join(folder, "closed")]);
    chmodSync(join(folder, "closed"), 0o755);
    process.seteuid!(1234);
    try {
      await expect(acquireLock(join(folder, "closed/lock"), "busy")).rejects.toMatchObject({ code: "EACCES" });
    } finally {
      process.seteuid!(0);
    }
  });
});
