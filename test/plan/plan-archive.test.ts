import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import type { Environment } from "../../src/environment/environment.js";
import { readEnvironment } from "../../src/environment/read.js";
import { narrowEnvironment } from "../../src/embed/narrow-environment.js";
import { planArchive, scanRoots } from "../../src/plan/plan-archive.js";
import type { PlanOptions } from "../../src/plan/plan-options.js";
import type { Plan } from "../../src/plan/plan.js";
import { pack } from "../engine/trees.js";
import { makeFolder, sampleProject, writeTree } from "../environment/tree.js";

const scratch = makeFolder();
let at = 0;
let folder: string;

beforeEach(() => {
  folder = writeTree(join(scratch, String(at++)), { "package.json": { name: "p" } });
});

const read = (): Promise<Environment> => readEnvironment(folder, { node: "none" });

async function plan(options: Partial<PlanOptions> = {}): Promise<Plan> {
  return planArchive(await read(), { rules: [], omitDev: false, includeSecrets: [], output: null, ...options });
}

async function entryOf(path: string): Promise<PlannedEntry | undefined> {
  return (await plan()).entries.find((entry) => entry.path === path);
}

const exclude = (pattern: string): Partial<PlanOptions> => ({ rules: [{ action: "exclude", pattern }] });

describe("entries", () => {
  test("are sorted by code units, folders before what they hold, all below app/", async () => {
    writeTree(folder, { "a/b": "", "a-b": "", B: "", é: "", "a.b/c": "", "empty/": "" });
    const paths = (await plan()).entries.map(({ path }) => path);
    expect(paths).toEqual([...paths].sort());
    expect(paths).toEqual([
      "app",
      "app/B",
      "app/a",
      "app/a-b",
      "app/a.b",
      "app/a.b/c",
      "app/a/b",
      "app/empty",
      "app/package.json",
      "app/é",
    ]);
  });

  test("of files say where the content lies, how long it is and which file it was", async () => {
    writeTree(folder, { run: "12345" });
    chmodSync(join(folder, "run"), 0o744);
    const source = { kind: "disk", file: join(folder, "run"), identity: { size: 5 } };
    expect(await entryOf("app/run")).toMatchObject({ type: "file", executable: true, size: 5, source });
  });

  test.each([
    [0o755, true],
    [0o700, true],
    [0o4711, true],
    [0o644, false],
    [0o611, false],
    [0o666, false],
  ])("17: mode %o: executable is %s, which the owner's bit alone decides", async (mode, executable) => {
    writeTree(folder, { run: "" });
    chmodSync(join(folder, "run"), mode);
    expect(await entryOf("app/run")).toMatchObject({ executable });
  });

  test("12: of links keep the target as it is: dangling, absolute, looping", async () => {
    for (const [name, target] of Object.entries({ dangling: "./no//where", absolute: "/etc/hosts", self: "self", up: ".", out: "../.." })) {
      symlinkSync(target, join(folder, name));
      expect(await entryOf(`app/${name}`)).toEqual({ type: "symlink", path: `app/${name}`, target });
    }
  });

  test("of files that share an inode are hard links to the first in order", async () => {
    writeTree(folder, { "m/file": "content" });
    mkdirSync(join(folder, "a"));
    for (const name of ["a/link", "z"]) linkSync(join(folder, "m/file"), join(folder, name));
    linkSync(join(folder, "m/file"), join(scratch, `outside-${at}`));
    expect(await entryOf("app/a/link")).toMatchObject({ type: "file", size: 7 });
    for (const path of ["app/m/file", "app/z"])
      expect(await entryOf(path)).toEqual({ type: "hardlink", path, executable: false, target: "app/a/link" });
  });

  test("of an excluded file are no target of a hard link", async () => {
    writeTree(folder, { a: "content" });
    linkSync(join(folder, "a"), join(folder, "b"));
    expect((await plan(exclude("/a"))).entries.find(({ path }) => path === "app/b")).toMatchObject({ type: "file" });
  });
});

describe("what cannot be packed is refused with its path", () => {
  test("15: a named pipe, without opening it, unless it is excluded", async () => {
    execFileSync("mkfifo", [join(folder, "pipe.key")]);
    await expect(plan()).rejects.toMatchObject({
      code: "SPECIAL_FILE",
      path: join(folder, "pipe.key"),
      message: expect.stringContaining("named pipe"),
    });
    await expect(plan(exclude("*.key"))).resolves.toBeDefined();
  });

  test("15: a socket", async () => {
    const server = createServer().listen(join(folder, "s"));
    await once(server, "listening");
    await expect(plan()).rejects.toMatchObject({ code: "SPECIAL_FILE", message: expect.stringContaining("socket") });
    server.close();
  });

  test.each([
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0x62])],
    ["a newline", Buffer.from("a\nb")],
    ["an escape", Buffer.from("a\u001b[31mb")],
  ])("3: a name with %s, unless it is excluded", async (_what, name) => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), "");
    await expect(plan()).rejects.toMatchObject({ code: "NAME_NOT_PORTABLE" });
    await expect(plan(exclude("a*b"))).resolves.toBeDefined();
  });

  test("4: a link's target that is no UTF-8", async () => {
    symlinkSync(Buffer.from([0xff]), join(folder, "link"));
    await expect(plan()).rejects.toMatchObject({ code: "NAME_NOT_PORTABLE", path: join(folder, "link") });
  });

  test("8: names of Windows' devices and with colons go in", async () => {
    writeTree(folder, { CON: "", "a.": "", "f:x": "", "a b'\"": "" });
    expect((await plan()).entries.length).toBe(6);
  });
});

describe("a folder that this user may not read", () => {
  /** What happens as a user who is not root. */
  async function asUser<Result>(act: () => Promise<Result>): Promise<Result> {
    if (process.geteuid?.() !== 0) return act();
    chmodSync(scratch, 0o755);
    process.seteuid!(1234);
    try {
      return await act();
    } finally {
      process.seteuid!(0);
    }
  }

  // What is called build is looked into before a rule decides about it.
  test.each(["build", "other"])("may be left out, mode by mode: %s", async (name) => {
    writeTree(folder, { [`${name}/file`]: "" });
    for (const mode of [0, 0o444]) {
      chmodSync(join(folder, name), mode);
      const paths = await asUser(async () => (await plan(exclude(name))).entries.map(({ path }) => path));
      expect(paths).toEqual(["app", "app/package.json"]);
      await expect(asUser(() => plan())).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
    }
    chmodSync(join(folder, name), 0o755);
  });
});

describe("the output", () => {
  test("39: is left out of itself, and so are temporary files of any packer; an older archive is not", async () => {
    writeTree(folder, { "out/x.tar": "12", ".envpack-output-1-00c0ffee": "", "out/y.tar": "", "x.tar": "" });
    const { entries, leftOut } = await plan({ output: join(folder, "out/x.tar") });
    expect(entries.map(({ path }) => path)).toEqual(["app", "app/out", "app/out/y.tar", "app/package.json", "app/x.tar"]);
    expect(leftOut.map(({ path, reason }) => [path, reason])).toEqual([
      ["app/.envpack-output-1-00c0ffee", "output"],
      ["app/out/x.tar", "output"],
    ]);
  });

  test("of an earlier version stays out unless it is named, what only looks like it goes in", async () => {
    const older = ["p-0.9.0-linux-x64.tar.zst", "p-linux-arm64.tgz"];
    const other = ["p-notes.tar.gz", "pear-1.0.0-linux-x64.tar", "sub/p-0.9.0-linux-x64.tar"];
    writeTree(folder, Object.fromEntries([...older, ...other].map((path) => [path, ""])));
    const { entries, leftOut } = await plan();
    expect(leftOut.map(({ path, reason }) => [path, reason])).toEqual(older.map((path) => [`app/${path}`, "output"]));
    expect(entries.map(({ path }) => path)).toEqual(expect.arrayContaining(other.map((path) => `app/${path}`)));
    const kept = await plan({ rules: [{ action: "include", pattern: "p-0.9.0-*" }] });
    expect(kept.leftOut.map(({ path }) => path)).toEqual(["app/p-linux-arm64.tgz"]);
  });

  test.each(["tar", "tar.gz", "tar.zst", "zip"] as const)(
    "of any name stays out of the next one: a %s that envpack made",
    async (format) => {
      const { archive } = await pack([], format);
      writeTree(folder, {
        [`env.${format}`]: archive,
        [`cut.${format}`]: archive.subarray(0, -400),
        [`sub/env.${format}`]: archive,
        [`empty.${format}`]: "",
      });
      const { entries, leftOut } = await plan();
      expect(leftOut.map(({ path, reason }) => [path, reason])).toEqual([[`app/env.${format}`, "output"]]);
      expect(entries.map(({ path }) => path)).toEqual(
        expect.arrayContaining([`app/cut.${format}`, `app/empty.${format}`, `app/sub/env.${format}`]),
      );
      const kept = await plan({ rules: [{ action: "include", pattern: "env.*" }] });
      expect(kept.leftOut).toEqual([]);
    },
  );

  test("outside of the environment changes nothing", async () => {
    writeTree(folder, { "x.tar": "" });
    expect((await plan({ output: join(scratch, "x.tar") })).leftOut).toEqual([]);
  });
});

test("a folder goes when all below it went, however deep; one that was empty before, or holds a file, stays", async () => {
  writeTree(folder, {
    "package.json": { private: true, workspaces: ["packages/*"] },
    "node_modules/@tools/deep/package.json": { name: "@tools/deep", version: "1.0.0" },
    "packages/web/package.json": { name: "web", version: "1.0.0", devDependencies: { "@scope/tool": "1" } },
    "packages/web/node_modules/@scope/tool/package.json": { name: "@scope/tool", version: "1.0.0" },
    "packages/web/empty/": "",
    "packages/other/package.json": { name: "other", dependencies: { "@tools/deep": "1" } },
  });
  const environment = await readEnvironment(join(folder, "packages/web"), { node: "none" });
  const { entries } = await planArchive(environment, { rules: [], omitDev: true, includeSecrets: [], output: null });
  expect(entries.map(({ path }) => path)).toEqual([
    "app",
    "app/package.json",
    "app/packages",
    "app/packages/web",
    "app/packages/web/empty",
    "app/packages/web/package.json",
  ]);
});

test("7: names that differ in case or Unicode form only are one notice", async () => {
  writeTree(folder, { "A/x": "", "a/x": "", "caf\u00e9": "", "cafe\u0301": "", lone: "" });
  const { notices } = await plan();
  expect(notices).toMatchObject([{ code: "NAME_COLLISION", message: expect.stringMatching(/app\/A and app\/a\b/) }]);
});

test("an aborted plan ends with INTERRUPTED", async () => {
  await expect(plan({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "INTERRUPTED" });
});

test("progress counts entries up to all of them", async () => {
  const seen: number[] = [];
  const { entries } = await plan({ onProgress: ({ done }) => seen.push(done) });
  expect(seen.at(-1)).toBe(entries.length);
});

test("the runtime goes to bin/node, its tools to lib/node_modules", async () => {
  const environment = await readEnvironment(folder, { node: "current" });
  const { entries } = await planArchive(environment, {
    rules: [{ action: "exclude", pattern: "*" }],
    omitDev: false,
    includeSecrets: [],
    output: null,
  });
  const node = entries.find(({ path }) => path === "bin/node");
  expect(node).toMatchObject({ type: "file", executable: true, source: { file: environment.runtime?.binary } });
  expect(entries.map(({ path }) => path)).toContain("bin");
  for (const tool of environment.runtime?.tools.keys() ?? []) {
    expect(entries.map(({ path }) => path)).toContain(`lib/node_modules/${tool}/package.json`);
  }
});

test("the environment as packed has no package and no command that was left out", async () => {
  writeTree(folder, sampleProject());
  const environment = await read();
  const { entries } = await plan({ omitDev: true });
  const { packages, bins } = narrowEnvironment(environment, entries);
  expect([packages.map(({ name }) => name), bins.map(({ name }) => name)]).toEqual([["sample", "a"], ["a"]]);
});

test("both names of the environment's folder become app", () => {
  const roots = scanRoots({ kind: "project", root: "/real/p", namedRoot: "/named/p" });
  expect(roots).toEqual([
    { path: "/real/p", arcpath: "app" },
    { path: "/named/p", arcpath: "app" },
  ]);
  expect(scanRoots({ kind: "prefix", root: "/p", namedRoot: "/p" })).toEqual([{ path: "/p", arcpath: "" }]);
});
