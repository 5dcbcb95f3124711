import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import { compileRules, type FilterRule } from "../../src/support/filters.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import type { Plan } from "../../src/plan/plan.js";
import { makeFolder, sampleProject, writeTree } from "../environment/tree.js";

const scratch = makeFolder();
let at = 0;
let folder: string;

beforeEach(() => {
  folder = join(scratch, String(at++));
  mkdirSync(folder);
});

/** "-x" excludes, "+x" includes. */
function rules(...texts: string[]): FilterRule[] {
  return texts.map((text) => ({ action: text.startsWith("-") ? "exclude" : "include", pattern: text.slice(1) }));
}

async function plan(...texts: string[]): Promise<Plan> {
  const environment = await readEnvironment(folder, { node: "none" });
  return planArchive(environment, { rules: rules(...texts), omitDev: false, includeSecrets: [], output: null });
}

/** What is planned below app/, folders with "/" at their end. */
async function paths(...texts: string[]): Promise<string[]> {
  const { entries } = await plan(...texts);
  return entries.slice(1).map(({ path, type }) => path.slice(4) + (type === "directory" ? "/" : ""));
}

describe("a pattern", () => {
  const matches = (pattern: string, path: string, isFolder = false): boolean =>
    compileRules(rules(`-${pattern}`))(path, path.slice(path.lastIndexOf("/") + 1), isFolder) === 0;

  test.each<[string, string[], string[]]>([
    ["*.md", ["a.md", "x/y/a.md", ".md"], ["a.mdx", "md"]],
    ["/a.md", ["a.md"], ["x/a.md"]],
    ["x/*.md", ["x/a.md"], ["y/x/a.md", "x/y/a.md"]],
    ["./x/a.md", ["x/a.md"], ["y/x/a.md"]],
    ["x/**/*.md", ["x/a.md", "x/y/z/a.md"], ["a.md"]],
    ["**/x/a.md", ["x/a.md", "y/x/a.md"], ["a.md"]],
    ["*.{js,ts}", ["a.js", "x/a.ts"], ["a.tsx"]],
    ["[ab].js", ["a.js"], ["c.js"]],
    ["a?.js", ["ab.js"], ["a.js", "a/.js"]],
    ["\\*.js", ["*.js"], ["a.js"]],
    ["!x", ["!x"], ["y"]],
    [".*", [".a", "x/.b"], ["a"]],
  ])("%s", (pattern, hits, misses) => {
    expect(hits.filter((path) => !matches(pattern, path))).toEqual([]);
    expect(misses.filter((path) => matches(pattern, path))).toEqual([]);
  });

  test("with a slash at its end matches folders only", () => {
    expect([matches("docs/", "x/docs", true), matches("docs/", "docs", false)]).toEqual([true, false]);
  });

  test.each(["", "/", "./"])("%j is refused", (pattern) => {
    expect(() => compileRules(rules(`-${pattern}`))).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

describe("ordered rules", () => {
  const tree = { "package.json": { name: "p" }, "docs/a.md": "a", "docs/b.md": "b", "docs/sub/c.md": "c", "x.md": "x" };

  test("a matched folder covers what it holds, counted as one", async () => {
    writeTree(folder, tree);
    expect(await paths("-docs")).toEqual(["package.json", "x.md"]);
    expect((await plan("-docs")).leftOut).toMatchObject([{ path: "app/docs", reason: "excluded", files: 3, bytes: 3 }]);
  });

  test("a pattern for what a folder holds keeps the folder", async () => {
    writeTree(folder, tree);
    expect(await paths("-docs/*")).toEqual(["docs/", "package.json", "x.md"]);
  });

  test("an include after it brings one file back, with the folders on the way", async () => {
    writeTree(folder, tree);
    expect(await paths("-docs", "+docs/sub/c.md")).toEqual(["docs/", "docs/sub/", "docs/sub/c.md", "package.json", "x.md"]);
    expect((await plan("-docs", "+docs/sub/c.md")).leftOut).toMatchObject([{ path: "app/docs", files: 2, bytes: 2 }]);
  });

  test("the last match wins, also over a file's own rule", async () => {
    writeTree(folder, tree);
    expect(await paths("+docs/a.md", "-docs")).toEqual(["package.json", "x.md"]);
    expect(await paths("-*.md", "+x.md", "-x.*")).toEqual(["docs/", "docs/sub/", "package.json"]);
  });
});

describe("what is left out by itself", () => {
  test("caches, with their counts", async () => {
    writeTree(folder, {
      "package.json": { name: "p" },
      "node_modules/.cache/x": "12345",
      ".next/cache/webpack/1": "",
      ".next/trace": "",
      ".next/server/app.js": "",
      ".turbo/log": "",
      ".eslintcache": "",
      "coverage/lcov.info": "",
      "coverage/index.html": "",
      "src/coverage/own.js": "",
      "cache/own": "",
      ".yarn/install-state.gz": "",
      ".yarn/cache/a.zip": "",
      "node_modules/coverage/lcov.info": "",
    });
    const files = (await paths()).filter((path) => !path.endsWith("/"));
    expect(files).toEqual([
      ".next/server/app.js",
      ".yarn/cache/a.zip",
      "cache/own",
      "node_modules/coverage/lcov.info",
      "package.json",
      "src/coverage/own.js",
    ]);
    const { leftOut } = await plan();
    expect(leftOut.every(({ reason }) => reason === "cache")).toBe(true);
    expect(leftOut).toContainEqual({ path: "app/node_modules/.cache", reason: "cache", kind: "tool cache", files: 1, bytes: 5 });
  });

  test("comes back by an include for it or for something in it, not for a folder above", async () => {
    writeTree(folder, { "package.json": { name: "p" }, "node_modules/.cache/x/1": "", "node_modules/.cache/y": "" });
    expect(await paths("+node_modules")).not.toContain("node_modules/.cache/");
    expect(await paths("+node_modules/.cache")).toContain("node_modules/.cache/x/1");
    const some = await paths("+node_modules/.cache/x");
    expect([some.includes("node_modules/.cache/x/1"), some.includes("node_modules/.cache/y")]).toEqual([true, false]);
  });

  test("what leads to a development package in pnpm's virtual store: its shim, and the links beside it", async () => {
    const shim = (program: string): string =>
      `#!/bin/sh\nbasedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")\nexec node  "$basedir/${program}" "$@"\n`;
    const store = "node_modules/.pnpm";
    writeTree(folder, {
      "package.json": { name: "p", version: "1.0.0", dependencies: { a: "1" }, devDependencies: { d: "1" } },
      "node_modules/.modules.yaml": "",
      "node_modules/.bin/a": shim("../a/cli.js"),
      "node_modules/.bin/d": shim("../.pnpm/d@1.0.0/node_modules/d/cli.js"),
      "node_modules/.bin/other": "#!/bin/sh\n",
      [`${store}/a@1.0.0/node_modules/a/package.json`]: { name: "a", version: "1.0.0", bin: "cli.js" },
      [`${store}/d@1.0.0/node_modules/d/package.json`]: { name: "d", version: "1.0.0", bin: "cli.js", dependencies: { a: "1" } },
    });
    symlinkSync(".pnpm/a@1.0.0/node_modules/a", join(folder, "node_modules/a"));
    symlinkSync(".pnpm/d@1.0.0/node_modules/d", join(folder, "node_modules/d"));
    symlinkSync("../../a@1.0.0/node_modules/a", join(folder, store, "d@1.0.0/node_modules/a"));
    const environment = await readEnvironment(folder, { node: "none" });
    const { entries } = await planArchive(environment, { rules: [], omitDev: true, includeSecrets: [], output: null });
    const names = entries.map(({ path }) => path.replace(/^app\/node_modules\//, ""));
    expect(names.filter((path) => path.startsWith(".bin/"))).toEqual([".bin/a", ".bin/other"]);
    expect(names.filter((path) => path.startsWith(".pnpm/") && path.includes("@"))).toEqual([
      ".pnpm/a@1.0.0",
      ".pnpm/a@1.0.0/node_modules",
      ".pnpm/a@1.0.0/node_modules/a",
      ".pnpm/a@1.0.0/node_modules/a/package.json",
    ]);
  });

  test("development packages and their links with omitDev, and the folders that this empties", async () => {
    writeTree(folder, { ...sampleProject(), "node_modules/@t/": "" });
    writeTree(folder, { "node_modules/d/node_modules/e/package.json": { name: "e", version: "1.0.0" } });
    const environment = await readEnvironment(folder, { node: "none" });
    const options = { rules: [], omitDev: true, includeSecrets: [], output: null };
    const { entries, leftOut } = await planArchive(environment, options);
    const names = entries.map(({ path }) => path);
    expect(names.filter((path) => /\/d(\/|$)/.test(path))).toEqual([]);
    expect(names).toContain("app/node_modules/.bin/a");
    expect(names).toContain("app/node_modules/@t");
    expect(leftOut.map(({ path, reason }) => [path, reason])).toEqual([
      ["app/node_modules/.bin/d", "development"],
      ["app/node_modules/d", "development"],
    ]);
  });
});
