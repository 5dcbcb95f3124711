import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { META } from "../../src/archive/entry.js";
import { publish } from "../../src/restore/publish.js";
import { removeTree } from "../../src/support/remove-tree.js";
import { makeStaging, noteParts, removeStale, undoStale, type Staging } from "../../src/restore/staging.js";
import { openTarget, removeMadeParents, type Target } from "../../src/restore/target.js";
import { temporaryFolder } from "../portable/small-environment.js";
import { layOutEnvironment } from "./indexed-environment.js";

async function stage(path: string, force = false): Promise<{ target: Target; staging: Staging }> {
  const target = await openTarget(path, force);
  const staging = await makeStaging(target);
  for (const folder of ["app", "bin", ".envpack"]) {
    mkdirSync(join(staging.tree, folder));
    writeFileSync(join(staging.tree, folder, "new"), "");
  }
  writeFileSync(join(staging.tree, META.index), "");
  return { target, staging };
}

function mount(path: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", path]).status === 0;
}

const NEW = [".envpack", "app", "bin"];

describe("a target", () => {
  it("that does not exist appears by one rename of a private folder beside it", async () => {
    const folder = temporaryFolder();
    const { target, staging } = await stage(join(folder, "t/"));
    expect(dirname(staging.folder)).toBe(folder);
    expect(basename(staging.folder)).toMatch(new RegExp(`^\\.t\\.envpack-${process.pid}-`));
    expect(statSync(staging.folder).mode & 0o777).toBe(0o700);
    const { ino } = statSync(staging.tree);
    await publish(staging, target, false);
    expect(statSync(join(folder, "t")).ino).toBe(ino);
    expect(statSync(join(folder, "t")).mode & 0o777).toBe(0o777 & ~process.umask());
  });

  it("that is an empty folder stays that folder, with its mode", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t"), { mode: 0o750 });
    const before = statSync(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"));
    await publish(staging, target, false);
    await removeTree(staging.folder);
    const after = statSync(join(folder, "t"));
    expect([after.ino, after.mode]).toEqual([before.ino, before.mode]);
    expect(readdirSync(join(folder, "t")).sort()).toEqual(NEW);
  });

  it("47: that is a mount is filled where it is", async ({ skip }) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t"));
    if (!mount(join(folder, "t"))) skip("needs the right to mount");
    try {
      const { target, staging } = await stage(join(folder, "t"));
      await publish(staging, target, false);
      await removeTree(staging.folder);
      expect(readdirSync(join(folder, "t")).sort()).toEqual(NEW);
      await expect(openTarget(join(folder, "t"), true)).rejects.toMatchObject({
        code: "TARGET_UNSUITABLE",
        message: expect.stringContaining("is a mount"),
      });
      expect(readdirSync(join(folder, "t")).sort()).toEqual(NEW);
    } finally {
      execFileSync("umount", [join(folder, "t")]);
    }
  });

  it.each([
    ["a full folder", (path: string) => mkdirSync(join(path, "x"), { recursive: true })],
    ["a file", (path: string) => writeFileSync(path, "")],
    ["a link to an empty folder", (path: string) => symlinkSync(".", path)],
    ["a dangling link", (path: string) => symlinkSync("nowhere", path)],
  ])("35: that is %s is refused, by force too, and stays", async (_, make) => {
    const path = join(temporaryFolder(), "t");
    make(path);
    const { ino } = lstatSync(path);
    for (const force of [false, true]) await expect(openTarget(path, force)).rejects.toMatchObject({ code: "TARGET_EXISTS", path });
    expect(lstatSync(path).ino).toBe(ino);
    expect(readdirSync(dirname(path))).toEqual(["t"]);
  });

  it("35: that is an environment is refused, and replaced by force", async () => {
    const path = join(temporaryFolder(), "t");
    layOutEnvironment(path);
    await expect(openTarget(path, false)).rejects.toMatchObject({ code: "TARGET_EXISTS", path, hint: expect.stringContaining("--force") });
    const { target, staging } = await stage(path, true);
    await publish(staging, target, true);
    await removeTree(staging.folder);
    expect(readdirSync(path).sort()).toEqual(NEW);
    expect(readdirSync(dirname(path))).toEqual(["t"]);
  });

  it("that is an empty folder gets its records last, so that what has them is whole", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"));
    const names = Array.from({ length: 30 }, (_, at) => `part-${at}`);
    for (const name of names) mkdirSync(join(staging.tree, name));
    const order: string[] = [];
    const watcher = watch(join(folder, "t"), (_, name) => order.push(name ?? ""));
    try {
      await publish(staging, target, false);
      while (order.length < names.length + NEW.length) await new Promise(setImmediate);
    } finally {
      watcher.close();
    }
    expect([...order].sort()).toEqual([...NEW, ...names].sort());
    expect(order.at(-1)).toBe(META.folder);
  });

  it("that came into being meanwhile is left alone", async () => {
    const folder = temporaryFolder();
    const { target, staging } = await stage(join(folder, "t"));
    mkdirSync(join(folder, "t/x"), { recursive: true });
    await expect(publish(staging, target, false)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(readdirSync(join(folder, "t"))).toEqual(["x"]);
    mkdirSync(join(folder, "e"));
    const inside = await stage(join(folder, "e"));
    writeFileSync(join(folder, "e/file"), "");
    await expect(publish(inside.staging, inside.target, false)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(readdirSync(join(folder, "e"))).toContain("file");
    expect(existsSync(join(folder, "e/app"))).toBe(false);
  });

  it("comes back where the new one cannot take its place", async ({ skip }) => {
    const folder = temporaryFolder();
    layOutEnvironment(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"), true);
    // A folder that something is mounted on cannot be moved.
    if (!mount(staging.tree)) skip("needs the right to mount");
    try {
      mkdirSync(join(staging.tree, META.folder));
      writeFileSync(join(staging.tree, META.index), "");
      await expect(publish(staging, target, true)).rejects.toMatchObject({ code: "EBUSY" });
    } finally {
      execFileSync("umount", [staging.tree]);
    }
    expect(readdirSync(join(folder, "t"))).toEqual([".envpack", "app"]);
  });

  it.each(["/", "/tmp/a\nb"])("cannot be %j", async (path) => {
    await expect(openTarget(path, true)).rejects.toMatchObject({ code: "TARGET_UNSUITABLE" });
  });

  it("may lie in folders that are missing; those that were made go again after a failure", async () => {
    const folder = temporaryFolder();
    const target = await openTarget(join(folder, "a/b/t"), false);
    expect(existsSync(join(folder, "a/b"))).toBe(true);
    await removeMadeParents(target);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("49: may have the longest name that there is", async () => {
    const folder = temporaryFolder();
    const name = "ü".repeat(127);
    const { target, staging } = await stage(join(folder, name));
    await publish(staging, target, false);
    await removeTree(staging.folder);
    expect(readdirSync(folder)).toEqual([name]);
  });
});

/** What an unpacker that was killed left goes at the next one's success. */
async function clear(target: Target): Promise<void> {
  await undoStale(target);
  await removeStale(target);
}

describe("32: what a killed unpacker left", () => {
  it("is removed, but not what looks like it", async () => {
    const folder = temporaryFolder();
    const { target, staging } = await stage(join(folder, "t"));
    chmodSync(join(staging.tree, "app"), 0o500);
    const other = await stage(join(folder, "t.envpack-1"));
    mkdirSync(join(folder, ".t.envpack-notes"));
    await clear(target);
    expect(readdirSync(folder).sort()).toEqual([".t.envpack-notes", basename(other.staging.folder)].sort());
  });

  it("between the two renames of a replacement gives the old target back", async () => {
    const folder = temporaryFolder();
    layOutEnvironment(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"), true);
    renameSync(target.path, staging.old);
    await clear(target);
    expect(readdirSync(folder)).toEqual(["t"]);
    expect(readdirSync(join(folder, "t/app"))).toEqual(["old"]);
  });

  it("after a replacement is just removed", async () => {
    const folder = temporaryFolder();
    layOutEnvironment(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"), true);
    await publish(staging, target, true);
    await clear(target);
    expect(readdirSync(folder)).toEqual(["t"]);
    expect(readdirSync(join(folder, "t")).sort()).toEqual(NEW);
  });

  it("while parts were moved into a folder leaves the folder empty; once all were, it leaves them", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t"));
    const { staging } = await stage(join(folder, "t"));
    await noteParts(staging, ["app", "bin", ".envpack"]);
    renameSync(join(staging.tree, "app"), join(folder, "t/app"));
    const target = await openTarget(join(folder, "t"), false);
    expect(target).toMatchObject({ way: "inside", isLittered: true });
    await undoStale(target);
    expect(readdirSync(join(folder, "t"))).toEqual([basename(staging.folder)]);
    await removeStale(target);
    expect(readdirSync(join(folder, "t"))).toEqual([]);

    const second = await stage(join(folder, "t"));
    await publish(second.staging, second.target, false);
    await clear(second.target);
    expect(readdirSync(join(folder, "t")).sort()).toEqual(NEW);
  });

  it("while parts were moved takes nothing back that somebody put there since", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t"));
    const { target, staging } = await stage(join(folder, "t"));
    await noteParts(staging, ["app", "bin", ".envpack"]);
    renameSync(join(staging.tree, "app"), join(folder, "gone"));
    mkdirSync(join(folder, "t/app"));
    writeFileSync(join(folder, "t/app/mine"), "kept");
    await clear(target);
    expect(readFileSync(join(folder, "t/app/mine"), "utf8")).toBe("kept");
  });

  it("and that was copied, renamed or written by somebody else is not acted upon", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "t/precious"), { recursive: true });
    const { target, staging } = await stage(join(folder, "t2"));
    await noteParts(staging, ["app", "bin", ".envpack"]);
    const inside = { ...target, path: join(folder, "t"), way: "inside", workplace: join(folder, "t"), prefix: ".envpack-" } as const;
    execFileSync("cp", ["-a", staging.folder, join(folder, "t/.envpack-1-0123456789ab")]);
    execFileSync("cp", ["-a", staging.folder, join(folder, "t", basename(staging.folder).replace(".t2", ""))]);
    mkdirSync(join(folder, "t/.envpack-2-0123456789ab/tree/x"), { recursive: true });
    const { ino } = lstatSync(join(folder, "t/precious"), { bigint: true });
    writeFileSync(
      join(folder, "t/.envpack-2-0123456789ab/moving.json"),
      `${JSON.stringify([["precious", String(ino)]])}\n${"0".repeat(64)}\n`,
    );
    const before = readdirSync(join(folder, "t"), { recursive: true }).sort();
    await clear(inside);
    expect(readdirSync(join(folder, "t"), { recursive: true }).sort()).toEqual(before);
  });
});
