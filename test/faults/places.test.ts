import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import "../setup.js";
import { META } from "../../src/archive/entry.js";
import { info } from "../../src/verbs/info.js";
import { layer } from "../../src/verbs/layer.js";
import { openOutput } from "../../src/engine/sinks/output.js";
import { relocate } from "../../src/verbs/relocate.js";
import { unpack, type UnpackOptions } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { file, folder } from "../engine/trees.js";
import { OLD_ROOT } from "../portable/small-environment.js";
import { ENTRIES, makeArchive } from "../restore/archives.js";
import { scratchFolder } from "../scratch.js";

/* Places that somebody else has a hand in: owners, locks, records, litter. */
const shared = scratchFolder("places");
const archive = join(shared, "env.tar");
const isRoot = process.geteuid?.() === 0;
const OTHER = 65534;
let place: string;
let target: string;

beforeAll(async () => {
  await makeArchive(archive, { format: "tar" });
});
beforeEach(() => {
  place = mkdtempSync(join(shared, "place-"));
  target = join(place, "t");
});

function restore(options: Partial<UnpackOptions> = {}): ReturnType<typeof unpack> {
  return unpack({ archive, target, threads: 1, ...options });
}

const names = (path: string): string[] => readdirSync(path, { recursive: true, encoding: "utf8" }).sort();

describe("50: what a plain tar left in a folder", () => {
  const forge = (at: string): void => {
    for (const [staging, name] of [
      [join(at, ".envpack-1-0123456789ab"), "moving.json"],
      [join(at, ".envpack-1-0123456789ac"), "mark.json"],
    ] as const) {
      mkdirSync(join(staging, "tree/x"), { recursive: true });
      mkdirSync(join(staging, "old"));
      writeFileSync(join(staging, name), `["app","precious"]\n${"0".repeat(64)}\n`);
    }
    for (const name of ["app", "precious"]) {
      mkdirSync(join(at, name));
      writeFileSync(join(at, name, "mine"), "kept");
    }
  };

  test("50: makes no later unpack delete, move or undo anything, be it refused or not", async () => {
    mkdirSync(target);
    forge(target);
    const before = names(place);
    for (const options of [{}, { force: true }, { shared: true }]) {
      await expect(restore(options)).rejects.toMatchObject({
        code: "TARGET_EXISTS",
        message: expect.stringContaining(".envpack-1-0123456789ab"),
      });
      expect(names(place)).toEqual(before);
    }
  });

  test("50: does not count as nothing where nothing else is there, and goes as the hint says", async () => {
    mkdirSync(join(target, ".envpack-1-0123456789ab/old"), { recursive: true });
    await expect(restore()).rejects.toMatchObject({ code: "TARGET_EXISTS", hint: expect.stringContaining("move away what it holds") });
    expect(existsSync(join(target, ".envpack-1-0123456789ab/old"))).toBe(true);
    rmSync(join(target, ".envpack-1-0123456789ab"), { recursive: true });
    await restore();
  });

  test("50: beside a target is not put in its place", async () => {
    for (const name of ["mark.json", "moving.json"]) {
      mkdirSync(join(place, ".t.envpack-1-0123456789ab/old/evil"), { recursive: true });
      writeFileSync(join(place, ".t.envpack-1-0123456789ab", name), "{}\n");
    }
    const before = names(join(place, ".t.envpack-1-0123456789ab"));
    await restore();
    expect(names(join(place, ".t.envpack-1-0123456789ab"))).toEqual(before);
    expect(existsSync(join(target, "evil"))).toBe(false);
  });

  test("50: leaves a lock that no one holds, which is taken over when it is old", async () => {
    mkdirSync(target);
    writeFileSync(join(target, ".envpack-lock"), "x");
    await expect(restore()).rejects.toMatchObject({ code: "TARGET_BUSY" });
    execFileSync("touch", ["-d", "2038-01-01", join(target, ".envpack-lock")]);
    await restore();
    expect(existsSync(join(target, ".envpack-lock"))).toBe(false);
  });
});

describe("53: a lock that is none", () => {
  test.each([
    [
      "inside an empty folder",
      (): string => {
        mkdirSync(target);
        return join(target, ".envpack-lock");
      },
    ],
    ["beside", (): string => join(place, ".t.envpack-lock")],
  ])("53: a pipe, %s, stops nobody for long, also with --shared", async (_, where) => {
    const lock = where();
    execFileSync("mkfifo", [lock]);
    for (const shares of [false, true])
      await expect(restore({ shared: shares })).rejects.toMatchObject({ code: "TARGET_UNSUITABLE", path: lock });
    expect(lstatSync(lock).isFIFO()).toBe(true);
    rmSync(lock);
    await restore();
  });

  test("53: --shared says for whom it waits, and stops when it is told to", async () => {
    writeFileSync(join(place, ".t.envpack-lock"), JSON.stringify({ pid: 7, started: "1", machine: "node7 boot ns", token: "x" }));
    const controller = new AbortController();
    const told: string[] = [];
    const onProgress: UnpackOptions["onProgress"] = ({ stage, detail }) => {
      if (stage !== "waiting") return;
      told.push(detail ?? "");
      controller.abort();
    };
    await expect(restore({ shared: true, signal: controller.signal, onProgress })).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(told[0]).toMatch(/another unpacker is at work on this folder: process 7 of user \d+ on node7/);
  });

  test("53: --shared does not wait for another user's", async ({ skip }) => {
    if (!isRoot) skip("needs root to give a file away");
    writeFileSync(join(place, ".t.envpack-lock"), "");
    chownSync(join(place, ".t.envpack-lock"), OTHER, OTHER);
    await expect(restore({ shared: true })).rejects.toMatchObject({
      code: "TARGET_BUSY",
      message: expect.stringContaining(`user ${OTHER}`),
    });
  });
});

describe("54: a folder of another user's", () => {
  test("54: is not restored into, and a folder below it is", async ({ skip }) => {
    if (!isRoot) skip("needs root to give a folder away");
    mkdirSync(target);
    chownSync(target, OTHER, OTHER);
    for (const options of [{}, { force: true }, { shared: true }]) {
      await expect(restore(options)).rejects.toMatchObject({
        code: "TARGET_UNSUITABLE",
        message: expect.stringContaining(`another user (${OTHER})`),
        hint: expect.stringContaining("a folder below it"),
      });
      expect(readdirSync(target)).toEqual([]);
    }
    await restore({ target: join(target, "below") });
    expect(await verify({ path: join(target, "below"), threads: 1 })).toMatchObject({ ok: true });
  });

  test("54: is no base, and a copy of it is", async ({ skip }) => {
    if (!isRoot) skip("needs root to give a folder away");
    const next = await makeArchive(join(place, "next.tar"), { entries: [...ENTRIES, folder("more"), file("more/x", "x")], format: "tar" });
    const delta = join(place, "delta.tar");
    await layer({ base: archive, next, output: delta, threads: 1 });
    const base = (await restore({ target: join(place, "base") })).target;
    chownSync(base, OTHER, OTHER);
    await expect(restore({ archive: delta, onto: base })).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      path: base,
      hint: expect.stringContaining("cp -r"),
    });
    execFileSync("cp", ["-r", base, join(place, "copy")]);
    // The copy's own folder is root's; a file that is not is copied, and never linked.
    chownSync(join(place, "copy/app/noise"), OTHER, OTHER);
    const made = await restore({ archive: delta, onto: join(place, "copy"), link: true });
    expect(statSync(join(made.target, "app/noise"))).toMatchObject({ uid: 0, nlink: 1 });
  });

  test("54: with this very environment in it is not used by --shared; root's is by everybody", async ({ skip }) => {
    if (!isRoot) skip("needs root to give a folder away");
    await restore();
    expect(await restore({ shared: true })).toMatchObject({ found: true });
    chownSync(target, OTHER, OTHER);
    await expect(restore({ shared: true })).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      message: "the environment there belongs to another user",
      path: target,
    });
    chownSync(target, 0, 0);
    for (const path of [shared, place]) chmodSync(path, 0o755);
    process.seteuid!(OTHER);
    try {
      expect(await restore({ shared: true })).toMatchObject({ found: true });
    } finally {
      process.seteuid!(0);
    }
  });
});

describe("57: fix-ups that multiply", () => {
  test("57: that would make an environment many times larger are refused, before a byte of it is written", async () => {
    const many = file("bin/many", `${OLD_ROOT}\n`.repeat(120_000));
    const bomb = await makeArchive(join(place, "bomb.tar.gz"), { entries: [folder("bin"), many], format: "tar.gz" });
    const long = join(place, ...Array.from({ length: 5 }, () => "x".repeat(200)));
    await expect(restore({ archive: bomb, target: long })).rejects.toMatchObject({
      code: "ARCHIVE_LIMIT",
      message: expect.stringContaining("would grow by"),
      hint: expect.stringContaining("shorter path"),
    });
    expect(readdirSync(place)).toEqual(["bomb.tar.gz"]);
    const short = (await restore({ archive: bomb })).target;
    await expect(relocate({ folder: short, root: long })).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
    expect(await verify({ path: short, threads: 1 })).toMatchObject({ ok: true });
  });
});

describe("58: a record of a gigabyte", () => {
  test.each([META.manifest, META.index, META.fixups, ".envpack/relocated.json"])("58: %s is refused without being read", async (record) => {
    await restore();
    truncateSync(join(target, record), 0);
    truncateSync(join(target, record), (1 << 30) - 1);
    const most = { bytes: 0 };
    const watch = setInterval(() => {
      most.bytes = Math.max(most.bytes, process.memoryUsage().arrayBuffers);
    }, 1);
    const before = process.memoryUsage().arrayBuffers;
    try {
      const outcomes = await Promise.allSettled([
        verify({ path: target, threads: 1 }),
        info({ path: target }),
        relocate({ folder: target }),
        restore({ shared: true }),
        restore({ force: true }),
      ]);
      for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "EnvpackError" });
      expect(outcomes.some(({ status }) => status === "rejected")).toBe(true);
    } finally {
      clearInterval(watch);
    }
    expect(most.bytes - before).toBeLessThan(200 << 20);
  });
});

describe("61: litter", () => {
  test("61: of a killed packer goes when the next has written its archive, and no other's does", async () => {
    const output = join(place, "x.tar");
    const program = `process.stdout.write("held"); setInterval(() => {}, 1000);`;
    const dead = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(dead.stdout, "data");
    const first = await openOutput(output, { force: false });
    const own = readdirSync(place)[0] ?? "";
    const started = readFileSync(`/proc/${dead.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
    const [, machine] = /-([0-9a-f]{16})-/.exec(own) ?? [];
    const left = `.envpack-output-${dead.pid}-${started}-${machine}-01234567`;
    const elsewhere = `.envpack-output-1-1-${"0".repeat(16)}-01234567`;
    for (const name of [left, elsewhere, ".envpack-output-mine"]) writeFileSync(join(place, name), "");
    await first.commit();
    expect(readdirSync(place)).toContain(left);
    dead.kill("SIGKILL");
    await once(dead, "exit");
    const second = await openOutput(output, { force: true });
    await second.commit();
    expect(readdirSync(place).sort()).toEqual([elsewhere, ".envpack-output-mine", "x.tar"].sort());
  });
});

describe("62: what verify finds", () => {
  test.each<[string, (at: string) => void, string]>([
    [
      "a file below .envpack",
      (at) => {
        writeFileSync(join(at, ".envpack/evil.js"), "");
      },
      "added .envpack/evil.js: the file is not in the archive",
    ],
    [
      "one that is called like a working file",
      (at) => {
        writeFileSync(join(at, ".envpack/relocating-evil.js"), "");
      },
      "added .envpack/relocating-evil.js: the file is not in the archive",
    ],
    [
      "a setuid bit",
      (at) => {
        chmodSync(join(at, "bin/shim"), 0o4755);
      },
      "changed bin/shim: has a setuid, setgid or sticky bit",
    ],
    [
      "a file that all may write",
      (at) => {
        chmodSync(join(at, "app/noise"), 0o666);
      },
      "changed app/noise: may be written by everyone",
    ],
    [
      "a folder that all may write",
      (at) => {
        chmodSync(join(at, "app"), 0o777);
      },
      "changed app: may be written by everyone",
    ],
  ])("62: %s, and --repair mends it where it was changed", async (_, change, expected) => {
    await restore();
    change(target);
    const { differences } = await verify({ path: target, threads: 1 });
    expect(differences.map(({ kind, path, detail }) => `${kind} ${path}: ${detail}`)).toEqual([expected]);
    const repaired = await verify({ path: target, repair: archive, threads: 1 });
    expect(repaired.ok).toBe(expected.startsWith("changed"));
    expect(names(join(target, "app")).length).toBe(3);
  });

  test("62: another owner's file", async ({ skip }) => {
    if (!isRoot) skip("needs root to give a file away");
    await restore();
    chownSync(join(target, "app/noise"), OTHER, OTHER);
    expect((await verify({ path: target, threads: 1 })).differences).toMatchObject([
      { path: "app/noise", detail: `belongs to another user (${OTHER}) than its folder` },
    ]);
    execFileSync("chown", ["-R", `${OTHER}:${OTHER}`, target]);
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  });
});

describe("66: a clean-up that fails", () => {
  test("66: after all is there is told, with what is left and where, and is no failure", async ({ skip }) => {
    await restore();
    if (spawnSync("chattr", ["+i", join(target, "app/a.js")]).status !== 0)
      skip("needs a file system on which files can be made immutable");
    let old = "";
    try {
      const made = await restore({ force: true });
      expect(made.left).toMatchObject([
        { path: expect.stringMatching(/\/\.t\.envpack-\d+-[0-9a-f]{12}$/), reason: expect.stringContaining("cannot remove") },
      ]);
      old = made.left[0]?.path ?? "";
      expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    } finally {
      spawnSync("chattr", ["-R", "-i", place]);
    }
    expect(existsSync(old)).toBe(true);
    await restore({ shared: true });
    expect(existsSync(old)).toBe(false);
  });
});
