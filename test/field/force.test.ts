import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import "../setup.js";
import { openOutput } from "../../src/engine/sinks/output.js";
import { layer } from "../../src/verbs/layer.js";
import { unpack, type UnpackOptions } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { file, folder } from "../engine/trees.js";
import { ENTRIES, makeArchive } from "../restore/archives.js";
import { scratchFolder } from "../scratch.js";

/* N1: what `--force` replaces, and what it leaves alone. */
const shared = scratchFolder("force");
const archive = join(shared, "env.tar");
const cwd = process.cwd();
const home = process.env.HOME;
let place: string;

beforeAll(async () => {
  await makeArchive(archive, { format: "tar" });
});
beforeEach(() => {
  place = mkdtempSync(join(shared, "place-"));
});
afterAll(() => {
  process.chdir(cwd);
});

function force(target: string, options: Partial<UnpackOptions> = {}): Promise<unknown> {
  return unpack({ archive, target, force: true, threads: 1, ...options });
}

/** Everything below a folder with its kind and content. */
function snapshot(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const stats = lstatSync(join(root, path));
      return `${path} ${stats.mode} ${stats.isFile() ? readFileSync(join(root, path), "latin1") : stats.isSymbolicLink() ? readlinkSync(join(root, path)) : ""}`;
    });
}

async function makeEnvironment(): Promise<string> {
  const target = join(place, "env");
  await unpack({ archive, target, threads: 1 });
  return target;
}

describe("N1: unpack --force", () => {
  test("N1: replaces an environment, also one of which parts are missing, and fills an empty folder", async () => {
    const target = await makeEnvironment();
    writeFileSync(join(target, "app/a.js"), "edited");
    rmSync(join(target, "app/noise"));
    mkdirSync(join(target, "app/empty/folders"), { recursive: true });
    await force(target);
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    mkdirSync(join(place, "empty"));
    await force(join(place, "empty"));
    expect(readdirSync(place).sort()).toEqual(["empty", "env"]);
  });

  test("N1: replaces what a plain tar made of an archive", async () => {
    mkdirSync(join(place, "env"));
    execFileSync("tar", ["-xf", archive, "-C", join(place, "env")]);
    await force(join(place, "env"));
    expect(await verify({ path: join(place, "env"), threads: 1 })).toMatchObject({ ok: true });
  });

  const foreign: readonly (readonly [string, (at: string) => void, RegExp])[] = [
    [
      "a folder with a thesis",
      (at) => {
        mkdirSync(at);
        writeFileSync(join(at, "thesis.txt"), "years");
      },
      /it holds thesis\.txt$/,
    ],
    [
      "a folder with many files",
      (at) => {
        mkdirSync(at);
        for (const name of ["a", "b", "c", "d", "e"]) writeFileSync(join(at, name), name);
      },
      /it holds a, b, c and 2 more$/,
    ],
    [
      "a folder of the name of an environment's records",
      (at) => {
        mkdirSync(join(at, ".envpack"), { recursive: true });
        writeFileSync(join(at, "thesis.txt"), "years");
      },
      /it holds \.envpack, thesis\.txt/,
    ],
    [
      "records that say nothing",
      (at) => {
        mkdirSync(join(at, ".envpack"), { recursive: true });
        writeFileSync(join(at, ".envpack/manifest.json"), "{}");
        writeFileSync(join(at, "t"), "x");
      },
      /manifest is damaged.*it holds \.envpack, t/,
    ],
    [
      "a plain file",
      (at) => {
        writeFileSync(at, "years");
      },
      /is a file/,
    ],
    [
      "a named pipe",
      (at) => {
        execFileSync("mkfifo", [at]);
      },
      /is a special file/,
    ],
    [
      "a dangling link",
      (at) => {
        symlinkSync("nowhere", at);
      },
      /is a link, which leads to nowhere/,
    ],
  ];
  test.each(foreign)("N1: leaves %s alone, names it, and its hint cures", async (_, make, said) => {
    const target = join(place, "t");
    make(target);
    const before = snapshot(place);
    await expect(force(target)).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      path: target,
      message: expect.stringMatching(said),
      hint: expect.stringMatching(/name (another|the folder)|remove what is there/),
    });
    expect(snapshot(place)).toEqual(before);
    await force(join(place, "another"));
    execFileSync("mv", [target, join(place, "moved")]);
    await force(target);
    expect(snapshot(place).some((line) => line.startsWith("moved"))).toBe(true);
  });

  test("N1: never goes through a link, not to an environment and not to an empty folder", async () => {
    const target = await makeEnvironment();
    mkdirSync(join(place, "empty"));
    for (const [name, leads] of [
      ["to-env", "env"],
      ["to-empty", "empty"],
    ] as const) {
      symlinkSync(leads, join(place, name));
      const before = snapshot(place);
      for (const given of [join(place, name), `${join(place, name)}/`])
        await expect(force(given)).rejects.toMatchObject({
          code: "TARGET_EXISTS",
          message: expect.stringContaining(`a link, which leads to ${leads}`),
        });
      expect(snapshot(place)).toEqual(before);
      await force(join(place, leads));
    }
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  });

  test("N1: names files that were added to an environment, and takes them only when told to", async () => {
    const target = await makeEnvironment();
    writeFileSync(join(target, "app/.env"), "SECRET=1");
    writeFileSync(join(target, "app/results.csv"), "1,2");
    symlinkSync("a.js", join(target, "app/zlink"));
    const before = snapshot(place);
    await expect(force(target)).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringMatching(/in no archive: app\/\.env, app\/results\.csv, app\/zlink$/),
      hint: expect.stringContaining("--discard-added"),
    });
    expect(snapshot(place)).toEqual(before);
    await expect(unpack({ archive, target, discardAdded: true })).rejects.toMatchObject({ code: "USAGE" });
    await force(target, { discardAdded: true });
    expect(existsSync(join(target, "app/.env"))).toBe(false);
    writeFileSync(join(target, "app/.env"), "SECRET=1");
    execFileSync("mv", [join(target, "app/.env"), place]);
    await force(target);
    expect(readFileSync(join(place, ".env"), "utf8")).toBe("SECRET=1");
  });

  test("N1: what was added while it restores is found as well", async () => {
    const target = await makeEnvironment();
    const onProgress: UnpackOptions["onProgress"] = ({ stage }) => {
      if (stage === "restoring" && !existsSync(join(target, "late"))) writeFileSync(join(target, "late"), "x");
    };
    await expect(force(target, { onProgress })).rejects.toMatchObject({ code: "TARGET_EXISTS", message: expect.stringContaining("late") });
    expect(readFileSync(join(target, "late"), "utf8")).toBe("x");
    expect(readdirSync(place)).toEqual(["env"]);
  });

  test("N1: never takes the current folder's place, nor that of one above it", async () => {
    const target = await makeEnvironment();
    try {
      for (const at of [target, join(target, "app")]) {
        process.chdir(at);
        for (const given of [target, "."]) {
          if (given === "." && at !== target) continue;
          await expect(force(given)).rejects.toMatchObject({
            code: "TARGET_UNSUITABLE",
            path: target,
            message: expect.stringContaining("the current folder"),
            hint: expect.stringContaining("change to another folder"),
          });
        }
      }
    } finally {
      process.chdir(cwd);
    }
    await force(target);
  });

  test("N1: never takes a home's place", async () => {
    const target = await makeEnvironment();
    for (const own of [target, join(target, "app")]) {
      process.env.HOME = own;
      try {
        await expect(force(target)).rejects.toMatchObject({
          code: "TARGET_UNSUITABLE",
          message: expect.stringContaining("a home folder"),
          hint: "name a folder below it",
        });
        await force(join(target, "below"));
        rmSync(join(target, "below"), { recursive: true });
      } finally {
        process.env.HOME = home;
      }
    }
    const users = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":")[5] ?? "")
      .filter(
        (path) =>
          path.length > 1 &&
          existsSync(path) &&
          lstatSync(path).isDirectory() &&
          realpathSync(path) === path &&
          readdirSync(path).length > 0,
      );
    for (const other of ["/", ...users.slice(0, 3), dirname(users[0] ?? "/root/x")])
      await expect(force(other)).rejects.toMatchObject({ code: "TARGET_UNSUITABLE" });
  });

  test("N1: never moves away a mount, nor what holds one", async ({ skip }) => {
    const target = await makeEnvironment();
    const below = join(target, "app/with space");
    mkdirSync(below);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", below]).status !== 0) skip("needs the right to mount");
    try {
      writeFileSync(join(below, "data"), "kept");
      await expect(force(target, { discardAdded: true })).rejects.toMatchObject({
        code: "TARGET_UNSUITABLE",
        message: `the target holds a mount (${below})`,
      });
      expect(readFileSync(join(below, "data"), "utf8")).toBe("kept");
    } finally {
      execFileSync("umount", [below]);
    }
    await force(target);
  });

  test("N1, 54: leaves another user's environment alone", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to give a folder away");
    const target = await makeEnvironment();
    chownSync(target, 65534, 65534);
    await expect(force(target)).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      message: expect.stringContaining("another user (65534)"),
    });
    expect(existsSync(join(target, "app/a.js"))).toBe(true);
  });

  test("N1: without --force, the hint speaks of it only where it would do", async () => {
    const target = await makeEnvironment();
    await expect(unpack({ archive, target })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      hint: expect.stringContaining("replace it with --force"),
    });
    mkdirSync(join(place, "mine"));
    writeFileSync(join(place, "mine/thesis.txt"), "years");
    await expect(unpack({ archive, target: join(place, "mine") })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringContaining("it holds thesis.txt"),
      hint: expect.stringMatching(/name another folder, or move away/),
    });
  });
});

describe("N1: every other command that replaces", () => {
  test("N1: unpack --onto with --force", async () => {
    const next = join(place, "next.tar");
    const delta = join(place, "delta.tar");
    await makeArchive(next, { entries: [...ENTRIES, folder("more"), file("more/x", "x")], manifest: { version: "2.0.0" }, format: "tar" });
    await layer({ base: archive, next, output: delta, threads: 1 });
    const base = await makeEnvironment();
    mkdirSync(join(place, "p"));
    writeFileSync(join(place, "p/thesis.txt"), "years");
    await expect(unpack({ archive: delta, onto: base, target: join(place, "p"), force: true })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringContaining("thesis.txt"),
    });
    expect(readdirSync(join(place, "p"))).toEqual(["thesis.txt"]);
  });

  test("N1: --current switches a link to an environment, or one that leads nowhere, and no other", async () => {
    const link = join(place, "current");
    mkdirSync(join(place, "documents"));
    symlinkSync("documents", link);
    const target = join(place, "t");
    await expect(unpack({ archive, target, current: link, threads: 1 })).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      message: expect.stringContaining("no environment of envpack's"),
    });
    expect(existsSync(target)).toBe(false);
    rmSync(link);
    await unpack({ archive, target, current: link, threads: 1 });
    await force(target, { current: link });
    rmSync(target, { recursive: true });
    await unpack({ archive, target: join(place, "u"), current: link, threads: 1 });
    expect(readlinkSync(link)).toBe("u");
    await expect(unpack({ archive, target: join(place, "same"), current: join(place, "same"), threads: 1 })).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  test("N1: an output gives way where it is a plain file, and nothing else does", async () => {
    const kinds: readonly (readonly [string, (at: string) => void, RegExp])[] = [
      ["folder", (at) => mkdirSync(at), /is a folder/],
      ["link", (at) => symlinkSync("precious", at), /is a link/],
      ["dangling", (at) => symlinkSync("nowhere", at), /is a link/],
      ["pipe", (at) => execFileSync("mkfifo", [at]), /no plain file/],
    ];
    writeFileSync(join(place, "precious"), "kept");
    for (const [name, make, said] of kinds) {
      make(join(place, name));
      const before = snapshot(place);
      await expect(openOutput(join(place, name), { force: true })).rejects.toMatchObject({
        code: "OUTPUT_EXISTS",
        message: expect.stringMatching(said),
        hint: expect.any(String),
      });
      expect(snapshot(place)).toEqual(before);
    }
    for (const device of ["/dev/null", "/dev/stdout"])
      await expect(openOutput(device, { force: true })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    const sink = await openOutput(join(place, "precious"), { force: true });
    await sink.write(Buffer.from("new"));
    rmSync(join(place, "precious"));
    symlinkSync("elsewhere", join(place, "precious"));
    await expect(sink.commit()).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    await sink.abort();
    expect(readlinkSync(join(place, "precious"))).toBe("elsewhere");
  });
});
