import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import "../setup.js";
import { META } from "../../src/archive/entry.js";
import { pack, verify, type PackOptions, type PackResult } from "../../src/index.js";
import { compareTree } from "../../src/inspect/verify/compare.js";
import { ENVPACK, envpack, makeScratch } from "../real/commands.js";
import { noise, writeProject } from "./project.js";

/* What goes wrong while an environment is packed into a folder. */
const scratch = makeScratch();
const project = join(scratch, "pantry");
const mounts: string[] = [];

beforeAll(() => {
  writeProject(project);
  writeFileSync(join(project, "noise"), noise(6 << 20));
  writeFileSync(join(project, "place.txt"), `${project}/data`);
});
afterAll(() => {
  for (const folder of mounts) spawnSync("umount", [folder]);
});

function packTo(output: string, options: PackOptions = {}): Promise<PackResult> {
  return pack({ path: project, node: "none", threads: 1, format: "directory", output, ...options });
}

/** Mounts something on a new folder; null where that is not possible. */
function mount(name: string, ...args: string[]): string | null {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  if (spawnSync("mount", [...args, folder]).status !== 0) return null;
  mounts.push(folder);
  return folder;
}

test("31: a disk of every size that is too small leaves nothing on it", async ({ skip }) => {
  const folder = mount("full", "-t", "tmpfs", "-o", "size=1m", "none");
  if (folder === null) return skip("needs the right to mount");
  for (const size of ["64k", "1m", "5m", "6m"]) {
    expect(spawnSync("mount", ["-o", `remount,size=${size}`, folder]).status).toBe(0);
    await expect(packTo(join(folder, "a/b/env"))).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(readdirSync(folder)).toEqual([]);
  }
  return undefined;
});

test("32: killed at thirty moments: no half environment ever, and the next run clears up", async () => {
  const folder = join(scratch, "killed");
  mkdirSync(folder);
  const target = join(folder, "env");
  const args = ["pack", project, "--node", "none", "-q", "-j", "1", "-o", `${target}/`];
  const runAndKill = async (delay: number): Promise<boolean> => {
    const child = spawn(process.execPath, [ENVPACK, ...args], { stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), delay);
    await once(child, "exit");
    clearTimeout(timer);
    return child.signalCode === "SIGKILL";
  };
  let whole = Infinity;
  // The first run is the slowest, and other tests come and go: what ended before it was to be killed tells how long one takes.
  const runFor = async (delay: number): Promise<boolean> => {
    const began = performance.now();
    if (await runAndKill(delay)) return true;
    whole = Math.min(whole, performance.now() - began);
    return false;
  };
  await runFor(600_000);
  rmSync(target, { recursive: true });
  let killed = 0;
  for (let turn = 0; turn < 30; turn++) {
    if (await runFor(whole * (0.4 + 0.02 * turn))) killed++;
    if (!existsSync(target)) continue;
    expect(existsSync(join(target, META.index))).toBe(true);
    expect((await compareTree(target)).differences).toEqual([]);
    rmSync(target, { recursive: true });
  }
  expect(killed).toBeGreaterThan(5);
  expect(envpack(args).stderr).toBe("");
  expect(readdirSync(folder).filter((name) => !/-lock(-taking)*(-[0-9a-f]{16}(-dead)?)?$/.test(name))).toEqual(["env"]);
}, 240_000);

test("40: a file that changes while it is packed is noticed, and nothing is left", async () => {
  const inner = writeProject(join(scratch, "changing"));
  writeFileSync(join(inner, "noise"), noise(48 << 20));
  const last = join(inner, "zz.txt");
  const changes: readonly (() => void)[] = [
    () => writeFileSync(last, "as planneD"),
    () => rmSync(last),
    () => truncateSync(join(inner, "noise"), 47 << 20),
  ];
  for (const change of changes) {
    writeFileSync(join(inner, "noise"), noise(48 << 20));
    writeFileSync(last, "as planned");
    utimesSync(last, 1_000_000, 1_000_000);
    let changed = false;
    const onProgress: PackOptions["onProgress"] = ({ stage }) => {
      if (stage !== "packing" || changed) return;
      changed = true;
      change();
    };
    await expect(packTo(join(scratch, "out/env"), { path: inner, onProgress })).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    expect(changed).toBe(true);
    expect(existsSync(join(scratch, "out"))).toBe(false);
  }
});

describe("an interrupt", () => {
  /** Aborts at the beginning of a stage. */
  const interrupt = (output: string, at: string): Promise<PackResult> => {
    const abort = new AbortController();
    const onProgress: PackOptions["onProgress"] = ({ stage }) => {
      if (stage === at) abort.abort();
    };
    return packTo(output, { force: true, signal: abort.signal, onProgress });
  };

  test.each(["packing", "relocating"])("while %s leaves nothing, and an older folder as it was", async (at) => {
    const folder = join(scratch, `interrupted-${at}`);
    const target = join(folder, "env");
    await packTo(target);
    writeFileSync(join(target, "app/place.txt"), "edited");
    for (const output of [target, join(folder, "other")])
      await expect(interrupt(output, at)).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(readdirSync(folder)).toEqual(["env"]);
    expect(readFileSync(join(target, "app/place.txt"), "utf8")).toBe("edited");
  });

  test("comes too late once the folder is being published", async () => {
    const target = join(scratch, "late/env");
    await interrupt(target, "publishing");
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  });
});

test("two at once on one target: one makes it, the other is told", async () => {
  const target = join(scratch, "two/env");
  const outcomes = await Promise.allSettled([packTo(target), packTo(target)]);
  const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [(outcome.reason as { code: string }).code] : []));
  expect(failed).toHaveLength(1);
  expect(["TARGET_BUSY", "TARGET_EXISTS"]).toContain(failed[0]);
  expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  expect(readdirSync(join(scratch, "two"))).toEqual(["env"]);
});

test("where the file system can, files are clones: they take no room, and are files of their own", async ({ skip }) => {
  const image = join(scratch, "btrfs.img");
  writeFileSync(image, "");
  truncateSync(image, 256 << 20);
  if (spawnSync("mkfs.btrfs", ["-q", "-f", image]).status !== 0) return skip("mkfs.btrfs is not there");
  const folder = mount("btrfs", "-o", "loop", image);
  if (folder === null) return skip("needs the right to mount");
  const inner = writeProject(join(folder, "source/pantry"));
  // Twice as much does not fit: neither as one large file nor as many.
  writeFileSync(join(inner, "large"), noise(60 << 20));
  mkdirSync(join(inner, "many"));
  for (let at = 0; at < 60; at++) writeFileSync(join(inner, `many/${at}`), noise(1 << 20), { mode: at % 2 === 0 ? 0o600 : 0o777 });
  const target = join(folder, "env");
  await packTo(target, { path: inner, threads: 2 });
  expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  expect(statSync(join(target, "app/many/0")).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(statSync(join(target, "app/many/1")).mode & 0o777).toBe(0o755 & ~process.umask());
  writeFileSync(join(target, "app/many/1"), "x", { flag: "r+" });
  expect(readFileSync(join(inner, "many/1")).equals(noise(1 << 20))).toBe(true);
  return undefined;
});
