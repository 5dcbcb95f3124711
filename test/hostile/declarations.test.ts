import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expandPatterns } from "../../src/environment/workspace-patterns.js";
import { readShortText } from "../../src/support/read-text.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { envpack, execute, has, type Outcome } from "../real/commands.js";

/** Packs a project with a heap of 256 MB, and says how long that took. */
function pack(folder: string, ...options: string[]): Outcome & { readonly seconds: number } {
  const began = performance.now();
  const env = { ...process.env, NODE_OPTIONS: "--max-old-space-size=256" };
  const ended = envpack(["pack", folder, "--node", "none", "--no-reuse", "-o", join(folder, "../out.tar"), "--force", ...options], {
    env,
    timeout: 60_000,
  });
  return { ...ended, seconds: (performance.now() - began) / 1000 };
}

const ONE_LINE = /^envpack: error\[[A-Z_]+\] [^\n]+\n(hint: [^\n]+\n)?$/;

describe("64: patterns of a workspace that stand for millions, or take for ever", () => {
  test.each([
    ["braces after braces", "{a,b}".repeat(24)],
    ["a range without end", "packages/{1..100000000}"],
    ["ranges in ranges", "{1..3000}/{1..3000}"],
    ["stars after stars", "*a*a*a*a*a*a*a*a*b"],
    ["stars for folders after each other", "**/a/".repeat(9)],
    ["groups in groups", "+(+(+(a)))"],
    ["a pattern of a megabyte", "a/".repeat(1 << 19)],
  ])("%s", (_what, pattern) => {
    const folder = join(makeFolder(), "p");
    writeTree(folder, { "package.json": { name: "p", workspaces: [pattern] } });
    const { status, stderr, seconds } = pack(folder);
    expect([status, stderr]).toEqual([1, expect.stringMatching(ONE_LINE)]);
    expect(stderr).toContain("error[NOT_AN_ENVIRONMENT] a pattern of the workspace");
    expect(seconds).toBeLessThan(20);
    // The hint cures.
    writeTree(folder, {
      "package.json": { name: "p", workspaces: ["packages/*"] },
      "packages/a/package.json": { name: "a" },
      "node_modules/": "",
    });
    expect(pack(folder).status).toBe(0);
  });

  test("what a workspace does use is understood as npm does", () => {
    const given = ["packages/{a,b}/*", "!x", "apps/{1..3}", "{x}", "libs/!(old)", "a{b,c{d,e}}f"];
    const open = ["packages/a/*", "packages/b/*", "!x", "apps/1", "apps/2", "apps/3", "{x}", "libs/!(old)", "abf", "acdf", "acef"];
    expect([...expandPatterns(given, "")].sort()).toEqual(open.sort());
  });
});

describe("64: a package.json that is larger than any", () => {
  test("of the project is refused in one line", () => {
    const folder = join(makeFolder(), "p");
    writeTree(folder, { "package.json": { name: "p" } });
    truncateSync(join(folder, "package.json"), 200e6);
    const { status, stderr, seconds } = pack(folder);
    expect([status, stderr]).toEqual([1, expect.stringMatching(ONE_LINE)]);
    expect(stderr).toContain("NOT_AN_ENVIRONMENT");
    expect(seconds).toBeLessThan(20);
  });

  test("is no file: a pipe is not waited for", ({ skip }) => {
    if (!has("mkfifo")) skip("mkfifo is not installed");
    const folder = makeFolder();
    execute("mkfifo", [join(folder, "pipe")]);
    expect(() => readShortText(join(folder, "pipe"))).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
    writeFileSync(join(folder, "large"), Buffer.alloc(101));
    expect(() => readShortText(join(folder, "large"), 100)).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
    expect(readShortText("/proc/self/stat").length).toBeGreaterThan(0);
  });

  test("a version of 100,000 digits and a name of a megabyte name no archive; 200,000 commands fill no bin/", () => {
    const folder = join(makeFolder(), "p");
    const bin = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`c${index}`, "index.js"]));
    writeTree(folder, { "package.json": { name: "p", version: "1".repeat(100_000), bin }, "index.js": "1" });
    const one = pack(folder);
    expect([one.status, one.stderr]).toEqual([
      0,
      expect.stringContaining("note: p has 200000 commands: more than 2000 are not put into bin/"),
    ]);
    expect(one.stderr.length).toBeLessThan(4000);
    expect(one.seconds).toBeLessThan(30);
    writeTree(folder, { "package.json": { name: "n".repeat(1 << 20), version: "1.0.0" } });
    expect(pack(folder)).toMatchObject({ status: 0, stderr: expect.stringMatching(/^packed p 1\.0\.0 into/) });
  });
});
