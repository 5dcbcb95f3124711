import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { acquireLock } from "../src/lock.js";

const folder = mkdtempSync(join(tmpdir(), "envpack-lock-"));
const program = join(folder, "hold.mjs");
let path = "";
let count = 0;

beforeAll(() => {
  const contents = 'import { acquireLock } from "./lock.ts"; try { await acquireLock(process.argv[2], "busy"); console.log("held"); setInterval(() => {}, 1000); } catch (error) { console.log(error.code); }';
  const stdin = { contents, resolveDir: join(import.meta.dirname, "../src"), loader: "ts" } as const;
  buildSync({ stdin, bundle: true, platform: "node", format: "esm", outfile: program });
});

beforeEach(() => {
  count += 1;
  path = join(folder, `lock-${count}`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
    await expect(acquireLock(path, "somebody is at it")).rejects.toMatchObject({ code: "TARGET_BUSY", message: "somebody is at it", path });
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

  it("is taken together with what a process left that was killed while taking it", async () => {
    const strays = [`${path}-0123456789abcdef`, `${path}-0123456789abcde0-dead`];
    const past = new Date(Date.now() - 3_600_000);
    for (const stray of strays) {
      writeFileSync(stray, "");
      utimesSync(stray, past, past);
    }
    const others = [`${path}-0123456789abcdef.txt`, `${path}x`, join(folder, "0123456789abcdef"), join(folder, "somebody-0123456789abcdef")];
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

  it("is taken together with a dead process's own file at once, and without a living one's", async () => {
    const [dead, living] = [`${path}-0123456789abcdef`, `${path}-fedcba9876543210`];
    const other = await compete();
    writeFileSync(dead, readFileSync(path));
    await kill(other.process);
    const lock = await acquireLock(path, "busy");
    expect(existsSync(dead)).toBe(false);
    writeFileSync(living, readFileSync(path));
    await lock.release();
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
