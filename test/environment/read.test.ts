import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.js";
import { readEnvironment } from "../../src/environment/read.js";
import { makeFolder, sampleProject, writeTree, type Content } from "./tree.js";

const scratch = makeFolder();
let at = 0;
let folder: string;

beforeEach(() => {
  folder = join(scratch, String(at++));
  mkdirSync(folder);
});

const read = (path = folder): Promise<Environment> => readEnvironment(path, { node: "none" });

/** A project whose lockfile, which npm installed, and node_modules are given. */
function project(locked: Record<string, object>, tree: Record<string, Content> = {}, extra: object = {}): void {
  writeTree(folder, {
    "package.json": { name: "p", version: "1.0.0", ...extra },
    "package-lock.json": { lockfileVersion: 3, packages: { "": {}, ...locked } },
    "node_modules/.package-lock.json": { lockfileVersion: 3, packages: locked },
    ...tree,
  });
}

const manifest = (name: string, version: string): object => ({ name, version });

describe("an npm project", () => {
  test("is read with its packages, their development flags and its commands", async () => {
    writeTree(folder, sampleProject());
    expect(await read()).toMatchObject({
      kind: "project",
      name: "sample",
      version: "1.2.3",
      root: folder,
      manager: { name: "npm", version: null },
      packages: [
        { path: "", name: "sample", dev: false },
        { path: "node_modules/a", name: "a", version: "1.0.0", dev: false },
        { path: "node_modules/d", name: "d", version: "2.0.0", dev: true },
      ],
      bins: [
        { name: "a", file: "node_modules/a/cli.js", start: "node" },
        { name: "d", file: "node_modules/d/d.js", start: "node" },
      ],
      runtime: null,
      notices: [],
    });
  });

  test("behind a link keeps both names of its folder", async () => {
    writeTree(folder, sampleProject());
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    expect(await read(link)).toMatchObject({ root: folder, namedRoot: link });
  });

  test("without dependencies needs no node_modules", async () => {
    writeTree(folder, { "package.json": { name: "alone" } });
    expect(await read()).toMatchObject({ name: "alone", version: null, packages: [{ path: "" }] });
  });
});

describe("what is no environment", () => {
  test("a folder without package.json", async () => {
    await expect(read()).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT", path: folder });
  });

  test("a file", async () => {
    writeTree(folder, { file: "x" });
    await expect(read(join(folder, "file"))).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
  });

  test("a package.json that is no JSON object", async () => {
    writeTree(folder, { "package.json": "[]" });
    await expect(read()).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT", path: join(folder, "package.json") });
  });
});

describe("what is not installed", () => {
  test("no node_modules at all: npm ci with a lockfile, npm install without", async () => {
    writeTree(folder, sampleProject());
    rmSync(join(folder, "node_modules"), { recursive: true });
    await expect(read()).rejects.toMatchObject({ code: "NOT_INSTALLED", hint: expect.stringContaining("npm ci") });
    rmSync(join(folder, "package-lock.json"));
    await expect(read()).rejects.toMatchObject({ code: "NOT_INSTALLED", hint: expect.stringContaining("npm install") });
  });

  test("a member of a pnpm workspace that was never installed: pnpm's own command", async () => {
    writeTree(folder, {
      "pnpm-workspace.yaml": "packages: [packages/*]\n",
      "packages/web/package.json": { name: "web", dependencies: { a: "1" } },
    });
    await expect(readEnvironment(join(folder, "packages/web"), { node: "none" })).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      hint: expect.stringContaining("`pnpm install"),
    });
  });

  test("a dependency that package.json names and no lockfile knows", async () => {
    project({}, {}, { dependencies: { added: "1" } });
    await expect(read()).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      message: expect.stringContaining("added"),
      hint: expect.stringContaining("--ignore-lock"),
    });
    await expect(readEnvironment(folder, { node: "none", ignoreLock: true })).resolves.toMatchObject({
      notices: [{ code: "NOT_INSTALLED", message: expect.stringContaining("added") }],
    });
  });
});

describe("what npm recorded that it installed", () => {
  test("a missing package is named", async () => {
    project({ "node_modules/x": { version: "1.0.0" } });
    const error = { code: "LOCK_MISMATCH", message: expect.stringContaining("x@1.0.0 is missing") };
    await expect(read()).rejects.toMatchObject({ ...error, hint: expect.stringContaining("npm ci") });
  });

  test("another version is named with both", async () => {
    project({ "node_modules/x": { version: "1.0.0" } }, { "node_modules/x/package.json": manifest("x", "1.0.1") });
    await expect(read()).rejects.toMatchObject({ message: expect.stringContaining("x@1.0.0 is installed as 1.0.1") });
  });

  test("a package.json that an interrupted installation left empty is a mismatch", async () => {
    project({ "node_modules/x": { version: "1.0.0" } }, { "node_modules/x/package.json": "" });
    await expect(read()).rejects.toMatchObject({ code: "LOCK_MISMATCH", message: expect.stringContaining("broken package.json") });
  });

  test("many faults are counted, the first few named", async () => {
    project(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`node_modules/x${i}`, { version: "1.0.0" }])));
    await expect(read()).rejects.toMatchObject({ message: expect.stringMatching(/x0@1.*x4@1\.0\.0 is missing and 4 more$/) });
  });

  test("an optional package may be missing, a wrong version of it may not", async () => {
    project({ "node_modules/x": { version: "1.0.0", optional: true, os: ["darwin"] } });
    await expect(read()).resolves.toBeDefined();
    writeTree(folder, { "node_modules/x/package.json": manifest("x", "9.0.0") });
    await expect(read()).rejects.toMatchObject({ code: "LOCK_MISMATCH" });
  });

  test("a package that the lockfile has and npm did not install is no fault", async () => {
    project(
      { "node_modules/x": { version: "1.0.0", dev: true } },
      { "node_modules/.package-lock.json": { lockfileVersion: 3, packages: {} } },
    );
    expect((await read()).notices).toEqual([]);
  });

  test("a lockfile that is newer than the installation is no fault, and what is installed is told", async () => {
    const recorded = { lockfileVersion: 3, packages: { "node_modules/x": { version: "1.0.0" } } };
    project(
      { "node_modules/x": { version: "2.0.0" } },
      { "node_modules/.package-lock.json": recorded, "node_modules/x/package.json": manifest("x", "1.0.0") },
    );
    expect((await read()).notices).toMatchObject([{ code: "EXTRANEOUS", message: "installed, but not in package-lock.json: x@1.0.0" }]);
  });

  test("that cannot be read is told with a way past", async () => {
    project({}, { "node_modules/.package-lock.json": "{ nope" });
    await expect(read()).rejects.toMatchObject({ code: "LOCK_MISMATCH", hint: expect.stringContaining("--ignore-lock") });
  });

  test("an extraneous package is a notice", async () => {
    project({}, { "node_modules/extra/package.json": manifest("extra", "1.0.0") });
    expect((await read()).notices).toMatchObject([{ code: "EXTRANEOUS", message: expect.stringContaining("extra") }]);
  });

  test("an alias is compared by version, not by name", async () => {
    const tree = { "node_modules/alias/package.json": manifest("real", "1.0.0") };
    project({ "node_modules/alias": { name: "real", version: "1.0.0" } }, tree);
    expect((await read()).packages[1]).toMatchObject({ name: "real", path: "node_modules/alias" });
  });

  test("npm-shrinkwrap.json wins over package-lock.json", async () => {
    project({ "node_modules/x": { version: "1.0.0" } }, { "node_modules/x/package.json": manifest("x", "1.0.0") });
    writeTree(folder, {
      "npm-shrinkwrap.json": { lockfileVersion: 3, packages: { "": {}, "node_modules/x": { version: "1.0.0", dev: true } } },
    });
    expect((await read()).packages[1]).toMatchObject({ name: "x", dev: true });
  });

  test("is not there with npm 6: then packages must find what they declare", async () => {
    const nested = { y: { version: "2.0.0", dev: true } };
    writeTree(folder, {
      "package.json": { name: "p", dependencies: { x: "1" } },
      "package-lock.json": { lockfileVersion: 1, dependencies: { x: { version: "npm:other@1.0.0", dependencies: nested } } },
      "node_modules/x/package.json": { ...manifest("x", "1.0.0"), dependencies: { y: "2", z: "1" }, optionalDependencies: { z: "1" } },
      "node_modules/x/node_modules/y/package.json": manifest("y", "1.0.0"),
    });
    await expect(read()).resolves.toBeDefined();
    rmSync(join(folder, "node_modules/x/node_modules/y"), { recursive: true });
    await expect(read()).rejects.toMatchObject({ code: "LOCK_MISMATCH", message: expect.stringContaining("x needs y") });
  });

  test("is not there at all: a pruned or traced output is packed with a note", async () => {
    writeTree(folder, {
      "package.json": { name: "p", dependencies: { x: "1", gone: "1" } },
      "node_modules/x/package.json": { ...manifest("x", "1.0.0"), dependencies: { y: "2" } },
    });
    expect((await read()).notices).toMatchObject([{ code: "PRUNED", message: expect.stringContaining("gone") }]);
  });

  test.each(["{ nope", JSON.stringify({ lockfileVersion: 9 })])("a lockfile that cannot be read: %s", async (text) => {
    project({});
    writeFileSync(join(folder, "package-lock.json"), text);
    await expect(read()).rejects.toMatchObject({ code: "LOCK_MISMATCH", hint: expect.stringContaining("--ignore-lock") });
    await expect(readEnvironment(folder, { node: "none", ignoreLock: true })).resolves.toMatchObject({
      notices: [{ code: "LOCK_MISMATCH" }],
    });
  });
});

describe("a workspace", () => {
  const tree = (): Record<string, Content> => ({
    "package.json": { name: "root", workspaces: ["packages/*", "!packages/old"], dependencies: { tool: "1" } },
    "node_modules/tool/package.json": { name: "tool", version: "1.0.0", bin: { go: "go.js" } },
    "node_modules/tool/go.js": "",
    "node_modules/b": { link: "../packages/b" },
    "packages/b/package.json": { name: "b", version: "3.0.0", bin: { go: "b.js", b: "b.js" }, dependencies: { near: "1" } },
    "packages/b/b.js": "",
    "packages/b/node_modules/near/package.json": { name: "near", version: "1.0.0", bin: "near.js" },
    "packages/b/node_modules/near/near.js": "",
    "packages/old/package.json": { name: "old" },
  });

  test("has its members and what lies in their own node_modules", async () => {
    writeTree(folder, tree());
    const { packages } = await read();
    expect(packages.map(({ path }) => path)).toEqual(["", "node_modules/tool", "packages/b", "packages/b/node_modules/near"]);
  });

  test("gives its members' commands, the root's first where names clash", async () => {
    writeTree(folder, tree());
    const { bins, notices } = await read();
    expect(bins.map(({ name, file }) => [name, file])).toEqual([
      ["b", "packages/b/b.js"],
      ["go", "node_modules/tool/go.js"],
      ["near", "packages/b/node_modules/near/near.js"],
    ]);
    expect(notices).toMatchObject([{ code: "BIN_CLASH", message: expect.stringContaining("go") }]);
  });
});

describe("other package managers are recognised, and npm's lockfile is not held against them", () => {
  const own = {
    "package.json": { name: "p" },
    "package-lock.json": { lockfileVersion: 3, packages: { "node_modules/x": { version: "1.0.0" } } },
  };

  test.each<[string, string | null, Record<string, Content>]>([
    ["pnpm", "10.34.0", { "node_modules/.modules.yaml": "hoistPattern:\n  - '*'\npackageManager: pnpm@10.34.0\n" }],
    ["pnpm", "12.21.0", { "node_modules/.modules.yaml": JSON.stringify({ packageManager: "pnpm@12.21.0" }) }],
    ["yarn", null, { "node_modules/.yarn-state.yml": "" }],
    ["yarn", null, { "node_modules/.yarn-integrity": "{}" }],
    ["yarn", null, { ".pnp.cjs": "const RAW_RUNTIME_STATE = '{\"packageRegistryData\": []}';" }],
    ["bun", null, { "bun.lock": "{}", "node_modules/x/package.json": {} }],
    ["deno", null, { "node_modules/.deno/x@1/node_modules/x/package.json": {} }],
  ])("%s %s", async (name, version, tree) => {
    writeTree(folder, { ...own, ...tree });
    expect((await read()).manager).toEqual({ name, version });
  });

  test("packages in a virtual store are found once, at their real place", async () => {
    writeTree(folder, {
      "package.json": { name: "p", dependencies: { "@s/x": "1" }, devDependencies: { y: "1" } },
      "node_modules/.modules.yaml": "packageManager: pnpm@10.0.0\n",
      "node_modules/.pnpm/@s+x@1.0.0/node_modules/@s/x/package.json": { ...manifest("@s/x", "1.0.0"), dependencies: { z: "1" } },
      "node_modules/.pnpm/@s+x@1.0.0/node_modules/z": { link: "../../z@1.0.0/node_modules/z" },
      "node_modules/.pnpm/z@1.0.0/node_modules/z/package.json": manifest("z", "1.0.0"),
      "node_modules/.pnpm/y@1.0.0/node_modules/y/package.json": manifest("y", "1.0.0"),
      "node_modules/@s/x": { link: "../.pnpm/@s+x@1.0.0/node_modules/@s/x" },
      "node_modules/y": { link: ".pnpm/y@1.0.0/node_modules/y" },
    });
    const { packages } = await read();
    expect(packages.map(({ name, dev }) => [name, dev])).toEqual([
      ["p", false],
      ["@s/x", false],
      ["y", true],
      ["z", false],
    ]);
  });
});
