import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { envpack, execute, has, makeScratch, NOBODY, nobodyMissing, shell, type Outcome } from "../real/commands.js";
import { noise, packProject, writeProject } from "./project.js";

/* Disks that do not take what is written; full disks of pack, and what is not writable, are tried in test/real and test/restore. */
const scratch = makeScratch();
const project = join(scratch, "pantry");
const archive = join(scratch, "pantry.tar.gz");
const mounts: string[] = [];

beforeAll(() => {
  chmodSync(scratch, 0o755);
  writeProject(project);
  writeFileSync(join(project, "noise"), noise(6 << 20));
  packProject(project, archive);
});

afterAll(() => {
  for (const folder of mounts) spawnSync("umount", [folder]);
});

/** Mounts something on a new folder; null where that is not possible. */
function mount(name: string, ...args: string[]): string | null {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  if (spawnSync("mount", [...args, folder]).status !== 0) return null;
  mounts.push(folder);
  return folder;
}

/** A folder on a btrfs of its own that may hold 3 MiB; null where that is not possible. */
function mountBtrfsQuota(): string | null {
  const image = join(scratch, "btrfs.img");
  writeFileSync(image, "");
  truncateSync(image, 160 << 20);
  if (spawnSync("mkfs.btrfs", ["-q", "-f", image]).status !== 0) return null;
  const folder = mount("btrfs", "-o", "loop", image);
  if (folder === null) return null;
  const limited = join(folder, "limited");
  for (const args of [
    ["quota", "enable", folder],
    ["subvolume", "create", limited],
    ["qgroup", "limit", "3M", limited],
  ]) {
    if (spawnSync("btrfs", args).status !== 0) return null;
  }
  chmodSync(limited, 0o777);
  return limited;
}

function expectRefused(outcome: Outcome, code: string, what: RegExp): void {
  // Whole: what is shown of a text that does not match is its beginning.
  expect(outcome.stderr, outcome.stderr).toMatch(new RegExp(`^envpack: error\\[${code}\\] [^\\n]+\\n(hint: [^\\n]+\\n)?$`));
  expect(outcome.stderr).toMatch(what);
  expect(outcome).toMatchObject({ status: 1, signal: null, stdout: "" });
}

describe("unpack onto", () => {
  test("31: a disk of every size that is too small leaves nothing on it", ({ skip }) => {
    const folder = mount("full", "-t", "tmpfs", "-o", "size=1m", "none");
    if (folder === null) return skip("needs the right to mount");
    for (const size of ["64k", "1m", "3m", "6m"]) {
      expect(spawnSync("mount", ["-o", `remount,size=${size}`, folder]).status).toBe(0);
      expectRefused(envpack(["unpack", archive, join(folder, "a/b/t")]), "NO_SPACE", /ENOSPC/);
      expect(readdirSync(folder)).toEqual([]);
    }
    return undefined;
  });

  test("31: a disk without inodes leaves nothing on it", ({ skip }) => {
    const folder = mount("inodes", "-t", "tmpfs", "-o", "nr_inodes=60", "none");
    if (folder === null) return skip("needs the right to mount");
    expectRefused(envpack(["unpack", archive, join(folder, "t")]), "NO_SPACE", /ENOSPC/);
    expect(readdirSync(folder)).toEqual([]);
    return undefined;
  });

  test("31: a used up quota leaves nothing, of pack either", ({ skip }) => {
    const reason = nobodyMissing();
    if (reason !== null) return skip(reason);
    const folder = mount("quota", "-t", "tmpfs", "-o", "usrquota,usrquota_block_hardlimit=2m,mode=777", "none") ?? mountBtrfsQuota();
    if (folder === null) return skip("this kernel has no quotas for tmpfs, and btrfs (btrfs-progs) cannot be mounted");
    for (const args of [
      ["unpack", archive, join(folder, "t")],
      ["pack", project, "--node", "none", "-o", join(folder, "x.tar.gz")],
    ]) {
      expectRefused(envpack(args, { ...NOBODY, cwd: "/" }), "NO_SPACE", /EDQUOT/);
    }
    expect(readdirSync(folder)).toEqual([]);
    // Where not even a folder can be made, Node.js says of several at once that there is no such folder.
    const script = `const {mkdirSync}=require("node:fs");for(let at=0;;at++)try{mkdirSync("f"+at)}catch{break}`;
    execute(process.execPath, ["-e", script], { ...NOBODY, cwd: folder });
    expectRefused(envpack(["unpack", archive, join(folder, "a/b/t")], { ...NOBODY, cwd: "/" }), "NO_SPACE", /EDQUOT/);
    expect(readdirSync(folder).filter((name) => !/^f\d+$/.test(name))).toEqual([]);
    return undefined;
  });

  test("31: a limit of the size of files (ulimit -f) leaves nothing, of pack either", () => {
    const folder = join(scratch, "limited");
    mkdirSync(folder);
    for (const line of [`unpack "${archive}" "${folder}/t"`, `pack "${project}" --node none -o "${folder}/x.tar.gz"`]) {
      expectRefused(shell(`ulimit -f 2000; envpack ${line}`), "NO_SPACE", /EFBIG/);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test("35: a read-only disk says so", ({ skip }) => {
    const folder = mount("read-only", "-t", "tmpfs", "-o", "ro", "none");
    if (folder === null) return skip("needs the right to mount");
    expectRefused(envpack(["unpack", archive, join(folder, "t")]), "NO_PERMISSION", /EROFS.*\nhint: /s);
    return undefined;
  });

  test("47: a mounted disk of its own, where a rename from beside would cross devices", ({ skip }) => {
    const folder = mount("own-disk", "-t", "tmpfs", "none");
    if (folder === null) return skip("needs the right to mount");
    expect(envpack(["unpack", "-q", archive, folder]).stderr).toBe("");
    expect(envpack(["verify", "-q", folder]).status).toBe(0);
    expect(readdirSync(scratch).filter((name) => name.startsWith("."))).toEqual([]);
    return undefined;
  });

  test("47: a file system without links names the reason", ({ skip }) => {
    if (!has("mkfs.vfat") && !has("mkfs.fat")) return skip("mkfs.vfat (dosfstools) is not installed");
    const image = join(scratch, "vfat.img");
    writeFileSync(image, Buffer.alloc(64 << 20));
    expect(execute(has("mkfs.vfat") ? "mkfs.vfat" : "mkfs.fat", [image]).status).toBe(0);
    const folder = mount("vfat", "-o", "loop", image);
    if (folder === null) return skip("vfat cannot be mounted here");
    expectRefused(envpack(["unpack", archive, join(folder, "t")]), "TARGET_UNSUITABLE", /no symbolic links/);
    expect(readdirSync(folder)).toEqual([]);
    return undefined;
  });

  test("7: a folder that folds names refuses pairs, and takes what has none", ({ skip }) => {
    const image = join(scratch, "ext4.img");
    writeFileSync(image, Buffer.alloc(64 << 20));
    if (!has("mkfs.ext4") && spawnSync("mkfs.ext4", ["-V"]).error !== undefined) return skip("mkfs.ext4 is not installed");
    expect(execute("mkfs.ext4", ["-q", "-O", "casefold", "-F", image]).status).toBe(0);
    const folder = mount("folding", "-o", "loop", image);
    if (folder === null) return skip("this kernel mounts no file system that folds names");
    mkdirSync(join(folder, "f"));
    if (spawnSync("chattr", ["+F", join(folder, "f")]).status !== 0) return skip("chattr +F is not supported here");
    const pairing = writeProject(join(scratch, "pairs"));
    expect(envpack(["unpack", "-q", archive, join(folder, "f/good")]).stderr).toBe("");
    for (const name of ["README", "readme"]) writeFileSync(join(pairing, name), "");
    const pairs = packProject(pairing, join(scratch, "pairs.tar.gz"));
    expectRefused(envpack(["unpack", pairs, join(folder, "f/t")]), "NAME_COLLISION|ARCHIVE_UNSAFE", /README|readme/);
    expect(readdirSync(join(folder, "f"))).toEqual(["good"]);
    return undefined;
  });
});
