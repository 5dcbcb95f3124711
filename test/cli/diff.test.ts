import { appendFileSync, existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DiffResult } from "../../src/verbs/diff.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { file, folder } from "../engine/trees.js";
import { MANIFEST } from "../manifest/sample.js";
import { makeArchive } from "../restore/archives.js";
import { type Outcome, runMain } from "./in-process.js";
import { scratchFolder } from "../scratch.js";

const home = process.cwd();
let scratch: string;

const PACKAGE = { name: "left", version: "1.0.0", path: "app/node_modules/left" };
const entries = (left: string, job = "job"): PlannedEntry[] => [
  folder("app"),
  file("app/job.js", job),
  folder("app/node_modules"),
  folder(PACKAGE.path),
  file(`${PACKAGE.path}/index.js`, left),
];

/** Runs a command line in this process, in `scratch`, with a text on stdin. */
async function envpack(args: readonly string[], input = ""): Promise<Outcome> {
  const stdin = vi.spyOn(process, "stdin", "get").mockReturnValue(Readable.from([Buffer.from(input)]) as typeof process.stdin);
  try {
    return await runMain(...args);
  } finally {
    stdin.mockRestore();
  }
}

async function compare(args: readonly string[], input?: string): Promise<DiffResult> {
  return JSON.parse((await envpack(["diff", "--json", ...args], input)).stdout) as DiffResult;
}

/** A report as worker `name` would give it. */
async function report(path: string, name: string, ...options: string[]): Promise<string> {
  const { status, stdout } = await envpack(["info", "--json", ...options, path]);
  expect(status).toBe(0);
  const facts = JSON.parse(stdout);
  return `${JSON.stringify({ ...facts, host: { ...facts.host, name } })}\n`;
}

/** The reports of folders, one after the other: each catches what this process writes. */
async function reports(...words: readonly string[]): Promise<string> {
  const options = words.filter((word) => word.startsWith("-"));
  let all = "";
  for (const name of words.filter((word) => !word.startsWith("-"))) all += await report(name, name, ...options);
  return all;
}

beforeAll(async () => {
  scratch = scratchFolder("diff");
  process.chdir(scratch);
  const manifest = { packages: [PACKAGE] };
  await makeArchive(join(scratch, "one.tar.gz"), { entries: entries("1"), manifest });
  await makeArchive(join(scratch, "same.tar"), { entries: entries("1"), manifest, format: "tar" });
  await makeArchive(join(scratch, "edited.tar.gz"), { entries: entries("patched by hand"), manifest });
  const newer = { ...MANIFEST.runtime, name: "node" as const, version: "22.1.0", abi: "127", napi: "9", hook: "import" as const };
  await makeArchive(join(scratch, "two.tar.gz"), {
    entries: entries("2", "new job"),
    manifest: { packages: [{ ...PACKAGE, version: "1.1.0" }], runtime: newer },
  });
});
beforeEach(async () => {
  for (const name of ["n1", "n2", "n3"]) {
    rmSync(join(scratch, name), { recursive: true, force: true });
    expect((await envpack(["unpack", "-q", "one.tar.gz", name])).status).toBe(0);
  }
});
afterAll(() => {
  process.chdir(home);
});

describe("what is the same", () => {
  test("an archive, one of another format and a folder: status 0 and one line", async () => {
    const { status, stdout, stderr } = await envpack(["diff", "one.tar.gz", "same.tar", "n1"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^equal: 3 environments: 1 package, 8 entries, digest [0-9a-f]{12}\n$/);
  });

  test("reports tell whether files were read", async () => {
    const reports = (await report("n1", "n1", "--verify")) + (await report("n2", "n2"));
    expect((await envpack(["diff", "-"], reports)).stdout).toMatch(/; the files of 1 were read\n$/);
    expect(await envpack(["diff", "-q", "-"], reports)).toMatchObject({ status: 0, stdout: "" });
  });
});

describe("what differs", () => {
  test("two releases: runtime, package and file by name, each with both values", async () => {
    const { status, stdout } = await envpack(["diff", "one.tar.gz", "two.tar.gz"]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Node\.js +20\.20\.2 +22\.1\.0$/m);
    expect(stdout).toMatch(/^package left +1\.0\.0 +1\.1\.0$/m);
    expect(stdout).toMatch(/^app\/job\.js +3 bytes, sha256 [0-9a-f]{12} +7 bytes, sha256 [0-9a-f]{12}$/m);
    expect(stdout).not.toContain("node_modules/left/index.js");
    expect(stdout).toMatch(/\ndifferent: 2 facts, 1 package, 1 path\n$/);
  });

  test("a package that was edited in place, of which the version says nothing", async () => {
    expect((await compare(["one.tar.gz", "edited.tar.gz"])).differences.map(({ what }) => what)).toEqual([
      "app/node_modules/left/index.js",
    ]);
    expect((await envpack(["unpack", "-qf", "edited.tar.gz", "n3"])).status).toBe(0);
    const all = await reports("n1", "n2", "n3");
    const result = await compare(["-"], all);
    expect(result.drifted).toEqual(["n3"]);
    expect(result.differences.map(({ what }) => what)).toEqual(["files of left in app/node_modules/left"]);
  });

  test("a manifest of which nothing else tells", async () => {
    await makeArchive(join(scratch, "odd.tar.gz"), { entries: entries("1"), manifest: { packages: [PACKAGE], bins: ["other"] } });
    expect((await envpack(["unpack", "-qf", "odd.tar.gz", "n3"])).status).toBe(0);
    for (const sources of [
      ["one.tar.gz", "odd.tar.gz"],
      ["n1", "n2", "-"],
    ]) {
      const { differences } = await compare(sources, await report("n3", "n3"));
      expect(differences.map(({ what }) => what)).toEqual([".envpack/manifest.json"]);
    }
  });

  test("the one worker of three on which a file was changed is named, by reports and by folders", async () => {
    appendFileSync(join(scratch, "n2/app/job.js"), "// hotfix");
    writeFileSync(join(scratch, "n2/app/extra.js"), "");
    const all = await reports("n1", "n2", "n3", "--verify");
    for (const result of [await compare(["-"], all), await compare(["n1", "n2", "n3"]), await compare(["n1", "one.tar.gz", "n2"])]) {
      expect(result).toMatchObject({ equal: false, drifted: ["n2"] });
      expect(result.differences.map(({ what }) => what)).toEqual(["app/extra.js", "app/job.js"]);
    }
    expect((await envpack(["diff", "n1", "n2", "n3"])).stdout).toMatch(
      /^app\/job\.js +as packed +changed: has 12 bytes, not 3, sha256 [0-9a-f]{12} on n2$/m,
    );
    expect((await envpack(["diff", "n1", "n2", "n3"])).stdout).toMatch(/^different: n2 \(1 of 3\): 2 paths$/m);
  });

  test("beside a report whose files were not read, what was found elsewhere still counts", async () => {
    appendFileSync(join(scratch, "n2/app/job.js"), "// hotfix");
    expect((await envpack(["diff", "-"], (await report("n1", "n1")) + (await report("n2", "n2", "--verify")))).status).toBe(1);
    // Nobody read it: the index is all there is.
    expect((await envpack(["diff", "--quick", "n1", "n2"])).status).toBe(0);
  });

  test("what was changed alike everywhere is no difference, what was changed unlike is", async () => {
    for (const name of ["n1", "n2"]) writeFileSync(join(scratch, name, "app/job.js"), "same hotfix");
    expect((await envpack(["diff", "n1", "n2"])).status).toBe(0);
    writeFileSync(join(scratch, "n2/app/job.js"), "some hotfix");
    expect((await envpack(["diff", "n1", "n2"])).status).toBe(1);
  });

  test("another C library on one machine; --ignore lets it pass", async () => {
    const older = (await report("n3", "n3")).replace(/("host":.*"glibc":)"[\d.]+"/, '$1"2.17"');
    const reports = (await report("n1", "n1")) + (await report("n2", "n2")) + older;
    expect(await compare(["-"], reports)).toMatchObject({ drifted: ["n3"], differences: [{ aspect: "host", what: "machine" }] });
    expect((await envpack(["diff", "--ignore", "host", "-"], reports)).status).toBe(0);
    expect(
      (await envpack(["diff", "--ignore", "runtime", "--ignore", "packages", "--ignore", "files", "one.tar.gz", "two.tar.gz"])).status,
    ).toBe(0);
  });
});

describe("bad input is one line and a hint", () => {
  test.each([
    ["one side only", ["one.tar.gz"], 2, /USAGE.*one environment only/],
    ["an aspect that is none", ["one.tar.gz", "n1", "--ignore", "colour"], 2, /USAGE.*"colour" to ignore/],
    ["stdin twice", ["-", "-"], 2, /USAGE.*stdin/],
    ["a folder that is no environment", ["one.tar.gz", "."], 1, /NOT_AN_ENVIRONMENT/],
    ["a file that is neither", ["one.tar.gz", "text"], 1, /REPORT_INVALID.*text/],
    ["a binary file that is neither", ["one.tar.gz", "binary"], 1, /NOT_AN_ARCHIVE.*binary/],
    ["an empty file", ["one.tar.gz", "empty"], 1, /REPORT_INVALID.*there is none/],
    ["nothing there", ["one.tar.gz", "nowhere"], 1, /IO.*nowhere/],
  ])("%s", async (_what, args, expected, message) => {
    if (!existsSync(join(scratch, "text"))) {
      writeFileSync(join(scratch, "text"), "hello\u001b[31m\n");
      writeFileSync(join(scratch, "binary"), Buffer.alloc(4096));
      writeFileSync(join(scratch, "empty"), "");
    }
    const { status, stdout, stderr } = await envpack(["diff", ...args], "");
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect([status, stdout]).toEqual([expected, ""]);
  });

  test("names from reports and folders are escaped", async () => {
    const reports = (await report("n1", "evil\u2028\u001b[2J")) + (await report("n2", "n2"));
    expect((await envpack(["diff", "-"], reports)).stderr).toMatch(/REPORT_INVALID/);
    symlinkSync("\u001b[31m", join(scratch, "n2/app/\u001b[32mlink"));
    expect((await envpack(["diff", "n1", "n2"])).stdout).toContain("app/\\u001b[32mlink");
  });
});
