import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../cli/in-process.js";
import { envpack, makeScratch } from "./commands.js";
import { buildSample } from "./sample.js";
import { smallNode } from "../small-node.js";

const scratch = makeScratch();
const project = join(scratch, "pantry");
const output = join(scratch, "x.tar");
const SMALL = smallNode();

beforeAll(() => {
  mkdirSync(project);
  buildSample(project);
});

/** The paths that an archive packed with these options holds. */
async function packedPaths(...options: string[]): Promise<string[]> {
  const outcome = await runMain("pack", project, "-q", "-f", "--node", SMALL, "-o", output, ...options);
  expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
  const entries: { path: string }[] = JSON.parse((await runMain("list", "--json", output)).stdout).entries;
  return entries.map((entry) => entry.path);
}

describe("--exclude and --include are one ordered list, the last match wins", () => {
  test("include after exclude keeps a part", async () => {
    const paths = await packedPaths("--exclude", "node_modules/semver/**", "--include", "node_modules/semver/package.json");
    expect(paths).toContain("app/node_modules/semver/package.json");
    expect(paths).not.toContain("app/node_modules/semver/index.js");
  });

  test("exclude after include leaves all of it out", async () => {
    const paths = await packedPaths("--include", "node_modules/semver/package.json", "--exclude", "node_modules/semver/**");
    expect(paths).not.toContain("app/node_modules/semver/package.json");
    expect(paths).not.toContain("app/node_modules/semver");
  });

  test("a name alone matches at any depth", async () => {
    expect((await packedPaths("--exclude", "*.md")).filter((path) => /^app\/.*\.md$/.test(path))).toEqual([]);
  });
});

test("--omit dev leaves out what only development needs", async () => {
  expect(await packedPaths()).toContain("app/node_modules/is-number/index.js");
  const paths = await packedPaths("--omit", "dev");
  expect(paths).not.toContain("app/node_modules/is-number");
  expect(paths).toContain("app/node_modules/ms/index.js");
});

test("a secret stays behind unless its path is named, and the manifest tells", async () => {
  expect(await packedPaths()).not.toContain("app/.env");
  expect(await packedPaths("--include-secret", ".env")).toContain("app/.env");
  expect(JSON.parse((await runMain("info", "--json", output)).stdout).manifest.includedSecrets).toEqual(["app/.env"]);
});

test("--arcroot puts everything into one folder of the tar, and the paths stay", async () => {
  expect(await packedPaths("--arcroot", "pantry-1")).toContain("app/main.js");
  const target = join(scratch, "rooted");
  expect((await runMain("unpack", "-q", output, target)).status).toBe(0);
  expect((await runMain("verify", target)).status).toBe(0);
});

test("--node none packs the project without a runtime", async () => {
  const paths = await packedPaths("--node", "none");
  expect(paths).not.toContain("bin/node");
  expect(paths).toContain("app/main.js");
});

describe("--dry-run", () => {
  test("shows what would go in and what not, and writes nothing", () => {
    const folder = join(scratch, "dry");
    mkdirSync(folder);
    const { status, stdout, stderr } = envpack(["pack", project, "--dry-run"], { cwd: folder });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^ +[\d.]+ MB +\d+ {2}bin\n/);
    expect(stdout).toMatch(/^ +[\d.]+ kB +\d+ {2}app\/node_modules\/ms$/m);
    expect(stdout).toMatch(/^[\d,]+ entries \([\d,]+ files\), [\d.]+ MB would go into .*; nothing was written$/m);
    expect(stdout).toMatch(/secrets .*app\/\.env/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("as JSON tells just what pack then writes", async () => {
    const preview = JSON.parse((await runMain("pack", project, "--dry-run", "--json", "-o", output)).stdout);
    const listed: { path: string }[] = preview.list;
    const made = new Set([".envpack/fixups.jsonl", ".envpack/index.jsonl"]);
    const paths = (await packedPaths("--node", "current")).filter((path) => !made.has(path));
    expect(listed.map((entry) => entry.path)).toEqual(paths);
    expect(preview.groups[0]).toMatchObject({ path: "bin" });
  });
});

test("a pattern that matches nothing is told, and where patterns begin", async () => {
  const { stderr, stdout } = await runMain(
    "pack",
    project,
    "--dry-run",
    "--exclude",
    "*.md",
    "--exclude",
    "app/node_modules/semver",
    "--include",
    "gone.txt",
    "--exclude",
    "README.md",
  );
  expect(stderr).toBe("");
  expect(stdout.match(/^note: --.*/gm)).toEqual([
    'note: --exclude "app/node_modules/semver" matched nothing: patterns begin inside of app/, in the project\'s folder',
    'note: --include "gone.txt" matched nothing',
  ]);
});
