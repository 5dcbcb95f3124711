import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import "../setup.js";
import { META } from "../../src/archive/entry.js";
import { threadScript } from "../../src/engine/threads/thread-script.js";
import type { Platform } from "../../src/manifest/manifest.js";
import { compareTree } from "../../src/inspect/verify/compare.js";
import { restoreArchive } from "../../src/restore/restore.js";
import type { RestoreOptions, RestoreResult } from "../../src/restore/restore-options.js";
import { restoreShared } from "../../src/restore/share.js";
import { makeStaging } from "../../src/restore/staging.js";
import { openTarget } from "../../src/restore/target.js";
import { bundleProgram } from "../bundle-program.js";
import { temporaryFolder } from "../portable/small-environment.js";
import { ENTRIES, makeArchive } from "./archives.js";
import { layOutEnvironment } from "./indexed-environment.js";
import { scratchFolder } from "../scratch.js";

const shared = scratchFolder("restore");
const archive = join(shared, "env.tar.gz");
const program = join(shared, "restore.mjs");

beforeAll(async () => {
  await makeArchive(archive);
  const contents = `
    import { restoreArchive } from "./restore/restore.ts";
    import { useThreadScript } from "./engine/threads/thread-script.ts";
    const [thread, path, target, force] = process.argv.slice(2);
    useThreadScript(thread);
    try {
      await restoreArchive({ kind: "file", path }, target, { force: force === "force" });
      console.log("restored");
    } catch (error) {
      console.log(error.code ?? error.stack);
    }`;
  bundleProgram(contents, program);
});

async function restore(target: string, options: RestoreOptions = {}, path = archive): Promise<RestoreResult> {
  return restoreArchive({ kind: "file", path }, target, options);
}

function refused(target: string, options: RestoreOptions = {}, path = archive): Promise<{ code: string; message: string }> {
  return restore(target, options, path).then(
    () => Promise.reject(new Error("it was restored")),
    (error: { code: string; message: string }) => error,
  );
}

describe("an archive", () => {
  it("is restored to a folder that verifies, for its final place", async () => {
    const folder = temporaryFolder();
    const result = await restore(join(folder, "t"));
    expect(result).toMatchObject({
      target: join(folder, "t"),
      entries: ENTRIES.length + 3,
      relocated: 1,
      unfit: [],
      manifest: { name: "web" },
    });
    expect(readFileSync(join(folder, "t/bin/shim"), "utf8")).toBe(`#!/bin/sh\necho "${folder}/t/x"\n`);
    expect(statSync(join(folder, "t/app/twin")).ino).toBe(statSync(join(folder, "t/app/a.js")).ino);
    expect((await compareTree(join(folder, "t"))).differences).toEqual([]);
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  it("is restored from a stream as well", async () => {
    const folder = temporaryFolder();
    await restoreArchive({ kind: "stream", stream: createReadStream(archive, { highWaterMark: 1000 }) }, join(folder, "t"));
    expect((await compareTree(join(folder, "t"))).differences).toEqual([]);
  });

  it.each(["with spaces", "with 'quotes\" and $(more)`", "ünïcødé 漢字", "x".repeat(250), "-rf", "trailing/", "a/b/../c/./d"])(
    "49: goes to %j",
    async (name) => {
      const folder = temporaryFolder();
      const { target } = await restore(`${folder}/${name}`);
      expect((await compareTree(target)).differences).toEqual([]);
    },
  );

  it("goes to the current folder, which stays the same folder", async () => {
    const folder = temporaryFolder();
    const before = process.cwd();
    process.chdir(folder);
    try {
      await restore(".");
      expect(readdirSync(".").sort()).toEqual([".envpack", "app", "bin"]);
      expect(readFileSync("bin/shim", "utf8")).toContain(`"${folder}/x"`);
    } finally {
      process.chdir(before);
    }
  });

  it.each([0o000, 0o022, 0o077])("36: obeys umask %o", (mask) => {
    const folder = temporaryFolder();
    execFileSync("sh", [
      "-c",
      'umask "$1"; exec "$2" "$3" "$4" "$5" "$6"',
      "sh",
      mask.toString(8),
      process.execPath,
      program,
      threadScript(),
      archive,
      join(folder, "t"),
    ]);
    const modeOf = (path: string): number => statSync(join(folder, "t", path)).mode & 0o7777;
    expect(modeOf("")).toBe(0o777 & ~mask);
    expect(modeOf("app")).toBe(0o755 & ~mask);
    expect(modeOf("bin/shim")).toBe(0o755 & ~mask);
    expect(modeOf("app/a.js")).toBe(0o644 & ~mask);
  });

  it("may be restored in part, and what is there verifies", async () => {
    const folder = temporaryFolder();
    const result = await restore(join(folder, "t"), { only: (path) => path === "app/a.js" });
    expect(result).toMatchObject({ entries: 1, relocated: 0 });
    expect(readdirSync(join(folder, "t")).sort()).toEqual([".envpack", "app"]);
    const { differences } = await compareTree(join(folder, "t"));
    expect(new Set(differences.map((one) => one.kind))).toEqual(new Set(["missing"]));
  });
});

describe("35: a target that exists", () => {
  it.each(["folder", "file", "link"])("a %s, is refused untouched, by force too", async (kind) => {
    const folder = temporaryFolder();
    const target = join(folder, "t");
    if (kind === "folder") mkdirSync(join(target, "keep"), { recursive: true });
    else if (kind === "file") writeFileSync(target, "keep");
    else execFileSync("ln", ["-s", folder, target]);
    const before = lstatSync(target);
    for (const force of [false, true]) expect(await refused(target, { force })).toMatchObject({ code: "TARGET_EXISTS" });
    expect(lstatSync(target)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  it("as an environment, is refused untouched, and replaced by force", async () => {
    const folder = temporaryFolder();
    const target = join(folder, "t");
    layOutEnvironment(target);
    const before = lstatSync(target);
    expect(await refused(target)).toMatchObject({ code: "TARGET_EXISTS" });
    expect(lstatSync(target)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    await restore(target, { force: true });
    expect((await compareTree(target)).differences).toEqual([]);
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  it("stays as it was where a forced restore fails", async () => {
    const folder = temporaryFolder();
    layOutEnvironment(join(folder, "t"));
    const damaged = join(folder, "damaged");
    const bytes = readFileSync(archive);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(damaged, bytes);
    await refused(join(folder, "t"), { force: true }, damaged);
    expect(readdirSync(join(folder, "t/app"))).toEqual(["old"]);
    expect(readdirSync(folder).sort()).toEqual(["damaged", "t"]);
  });
});

/** One whose process was killed between making and writing it tells of nobody: it is cleared when it is old enough. */
function isUnwrittenLock(path: string): boolean {
  return /-lock-[0-9a-f]{16}$/.test(path) && statSync(path).size === 0;
}

describe("nothing is left behind", () => {
  it("24: where an archive is damaged, also of the folders above", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "not"), "no archive");
    expect(await refused(join(folder, "a/b/t"), {}, join(folder, "not"))).toMatchObject({ code: expect.stringMatching(/ARCHIVE/) });
    expect(readdirSync(folder)).toEqual(["not"]);
  });

  it("33: where it is interrupted at any stage", async () => {
    for (const stage of ["restoring", "relocating", "publishing"]) {
      const folder = temporaryFolder();
      mkdirSync(join(folder, "empty"));
      for (const name of ["t", "empty"]) {
        const controller = new AbortController();
        const onProgress: RestoreOptions["onProgress"] = (progress) => {
          if (progress.stage === stage && progress.done > 0) controller.abort();
        };
        const done = await restore(join(folder, name), { signal: controller.signal, onProgress }).catch(
          (error: { code: string }) => error.code,
        );
        if (typeof done === "string") {
          expect(done).toBe("INTERRUPTED");
          expect(readdirSync(folder).filter((one) => one !== "t")).toEqual(["empty"]);
          if (name === "empty") expect(readdirSync(join(folder, name))).toEqual([]);
        } else {
          expect((await compareTree(join(folder, name))).differences).toEqual([]);
        }
      }
    }
  });

  it.each(["force", "shared"])("32, 61: by a process that was killed at the very end, once the next has come: %s", async (how) => {
    for (const made of [false, true]) {
      const folder = temporaryFolder();
      const target = join(folder, "t");
      if (made) mkdirSync(target);
      const place = await openTarget(target, false);
      const staging = await makeStaging(place);
      const aside = join(folder, "aside");
      renameSync(staging.folder, aside);
      await restore(target);
      renameSync(aside, staging.folder);
      const lock = join(place.workplace, `${place.prefix}lock`);
      writeFileSync(lock, "");
      utimesSync(lock, 0, 0);
      // On the way to a refusal nothing goes.
      expect(await refused(target)).toMatchObject({ code: "TARGET_EXISTS" });
      expect(existsSync(staging.folder)).toBe(true);
      if (how === "force") await restore(target, { force: true });
      else expect(await restoreShared(archive, target)).toMatchObject({ found: true });
      expect(readdirSync(folder)).toEqual(["t"]);
      expect((await compareTree(target)).differences).toEqual([]);
    }
  });

  it("32: by a process that is killed at any moment, once the next has come", async () => {
    const folder = temporaryFolder();
    const start = (target: string): ChildProcess =>
      spawn(process.execPath, [program, threadScript(), archive, target], { stdio: "ignore" });
    const began = performance.now();
    await once(start(join(temporaryFolder(), "t")), "exit");
    const whole = performance.now() - began;
    let leftovers = 0;
    for (let turn = 3, finished = false; !finished; turn++) {
      const target = join(folder, turn % 2 === 0 ? "t" : "e");
      if (target.endsWith("e")) mkdirSync(target);
      const child = start(target);
      const timer = setTimeout(() => child.kill("SIGKILL"), (turn / 25) * whole);
      await once(child, "exit");
      clearTimeout(timer);
      finished = child.signalCode === null;
      const inside = existsSync(target) ? readdirSync(target) : [];
      const isLittered = [...readdirSync(folder), ...inside].some((name) => name.includes(".envpack-"));
      if (isLittered) leftovers += 1;
      if (!existsSync(join(target, META.index))) await restore(target);
      else if (isLittered) expect(await restoreShared(archive, target)).toMatchObject({ found: true });
      const { differences } = await compareTree(target);
      expect(differences.filter(({ path }) => !isUnwrittenLock(join(target, path)))).toEqual([]);
      expect(readdirSync(folder).filter((name) => !isUnwrittenLock(join(folder, name)))).toEqual([target.slice(-1)]);
      rmSync(target, { recursive: true });
    }
    expect(leftovers).toBeGreaterThan(0);
  }, 300_000);
});

describe("34: two unpackers at one target", () => {
  it.each(["absent", "empty"])("have one winner where it is %s, and the other says so", async (state) => {
    const folder = temporaryFolder();
    const target = join(folder, "t");
    if (state === "empty") mkdirSync(target);
    const runs = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, [program, threadScript(), archive, target], { stdio: ["ignore", "pipe", "inherit"] });
      const [said] = (await once(child.stdout, "data")) as [Buffer];
      await once(child, "close");
      return said.toString().trim();
    });
    const said = (await Promise.all(runs)).sort();
    expect(said.filter((one) => one === "restored")).toHaveLength(1);
    for (const one of said) expect(["restored", "TARGET_BUSY", "TARGET_EXISTS"]).toContain(one);
    expect((await compareTree(target)).differences).toEqual([]);
    expect(readdirSync(folder)).toEqual(["t"]);
  });
});

describe("42: a machine that cannot run it", () => {
  it("is told so before anything is written, unless it is forced", async () => {
    const folder = temporaryFolder();
    const platform: Platform = { os: "linux", arch: "riscv64", libc: "glibc", glibc: "2.28" };
    const foreign = await makeArchive(join(folder, "foreign"), { manifest: { platform } });
    const error = await refused(join(folder, "t"), {}, foreign);
    expect(error).toMatchObject({
      code: "PLATFORM_MISMATCH",
      message: expect.stringContaining("needs linux riscv64 with glibc 2.28 or newer"),
    });
    expect(readdirSync(folder)).toEqual(["foreign"]);
    await restore(join(folder, "t"), { forcePlatform: true }, foreign);
    expect(existsSync(join(folder, "t/bin/shim"))).toBe(true);
  });
});

describe("35: a place that does not take it", () => {
  it("a file system that runs no programs", async ({ skip }) => {
    const folder = temporaryFolder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "noexec,size=20m", "none", folder], { stdio: "ignore" });
    } catch {
      skip("needs the right to mount");
    }
    try {
      expect(await refused(join(folder, "t"))).toMatchObject({ code: "TARGET_UNSUITABLE", message: expect.stringContaining("noexec") });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it("a full disk", async ({ skip }) => {
    const folder = temporaryFolder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "none", folder], { stdio: "ignore" });
    } catch {
      skip("needs the right to mount");
    }
    try {
      expect(await refused(join(folder, "t"))).toMatchObject({ code: "NO_SPACE" });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it("a folder without permission", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to become another user");
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    chmodSync(shared, 0o755);
    process.seteuid!(1234);
    try {
      expect(await refused(join(folder, "t"))).toMatchObject({ code: "NO_PERMISSION" });
      expect(await refused(join(folder, "a/t"))).toMatchObject({ code: "NO_PERMISSION" });
    } finally {
      process.seteuid!(0);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a file where a folder should be above it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(await refused(join(folder, "file/t"))).toMatchObject({ code: "IO" });
  });
});

describe("45: hostile fix-up records", () => {
  it.each([
    ["for no file", '{"path":"app/gone","kind":"text","places":[[0,6,"plain","app"]]}\n'],
    ["that go through a link", '{"path":"bin/way","kind":"text","places":[[0,6,"plain","app"]]}\n'],
    ["past the end", '{"path":"app/a.js","kind":"text","places":[[6,6,"plain","app"]]}\n'],
    ["that escape", '{"path":"../x","kind":"text","places":[[0,6,"plain","app"]]}\n'],
  ])("%s are refused, and nothing is restored", async (_, line) => {
    const folder = temporaryFolder();
    const hostile = await makeArchive(join(folder, "hostile"), { fixups: Buffer.from(line) });
    expect(await refused(join(folder, "t"), {}, hostile)).toMatchObject({ code: "ARCHIVE_CORRUPT" });
    expect(readdirSync(folder)).toEqual(["hostile"]);
  });
});
