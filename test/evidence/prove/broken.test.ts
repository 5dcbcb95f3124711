import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pack, prove, unpack, type Trial } from "../../../src/index.js";
import { has, makeScratch } from "../../real/commands.js";
import { writeFiles } from "./shop.js";

const scratch = makeScratch();
const project = join(scratch, "shop");
const archive = join(scratch, "shop.tar");
/** What the trials found, by what was tried. */
const found = new Map<string, Trial>();

const FORKS = "while :; do sleep 61.7 & done";

/** The processes that were started so and are still there: number, state and parent. */
function forked(): string[] {
  const commands = [`sh\0-c\0${FORKS}\0`, "sleep\x0061.7\0"];
  return readdirSync("/proc").flatMap((name) => {
    try {
      if (!commands.includes(readFileSync(`/proc/${name}/cmdline`, "latin1"))) return [];
      const status = readFileSync(`/proc/${name}/status`, "latin1");
      return [[name, ...(status.match(/^(State|PPid|NSpid):.*/gm) ?? [])].join(" ")];
    } catch {
      return [];
    }
  });
}

/** An addon that needs a library which lies in neither place where it will run. */
function writeAddon(): void {
  const folder = join(project, "node_modules/lacking");
  writeFiles(folder, {
    "package.json": JSON.stringify({ name: "lacking", version: "1.0.0", main: "index.js" }),
    // As many packages do, it goes without what cannot be loaded.
    "index.js": "try { module.exports = require('./build/Release/lacking.node'); } catch { module.exports = null; }\n",
    "lib.c": "int answer(void) { return 42; }\n",
    "addon.c": "int answer(void); int napi_register_module_v1(void *env, void *exports) { (void)env; (void)exports; return answer(); }\n",
  });
  mkdirSync(join(folder, "build/Release"), { recursive: true });
  const elsewhere = join(scratch, "libgone.so.1");
  execFileSync("gcc", ["-shared", "-fPIC", "-o", elsewhere, "-Wl,-soname,libgone.so.1", join(folder, "lib.c")]);
  execFileSync("gcc", ["-shared", "-fPIC", "-o", join(folder, "build/Release/lacking.node"), join(folder, "addon.c"), elsewhere]);
}

beforeAll(async () => {
  const names = ["absolute", "quits", "hangs", "throws-anywhere", "good", ...(has("gcc") ? ["lacking"] : [])];
  const plain = (name: string, text: string): Record<string, string> => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "1.0.0" }),
    [`node_modules/${name}/index.js`]: text,
  });
  writeFiles(project, {
    "package.json": JSON.stringify({
      name: "shop",
      version: "1.0.0",
      main: "data.js",
      dependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])),
      envpack: { prove: ["node writes.js", "node forks.js"] },
    }),
    // One that names the project's own folder is mended when it is packed; this one cannot be.
    ...plain("absolute", `require(${JSON.stringify(join(scratch, "shared-data.js"))});\n`),
    ...plain("quits", "process.exit(0);\n"),
    ...plain("hangs", "for (;;);\n"),
    ...plain("throws-anywhere", "throw new Error('not for this world');\n"),
    ...plain("good", "module.exports = 1;\n"),
    "data.js": "module.exports = 1;\n",
    "writes.js": "require('node:fs').writeFileSync(__dirname + '/log.txt', 'x');\n",
    "forks.js": `require('node:child_process').spawn('sh', ['-c', '${FORKS}']);\n`,
  });
  writeFileSync(join(scratch, "shared-data.js"), "");
  if (has("gcc")) writeAddon();
  await pack({ path: project, output: archive, node: "none", ignoreLock: true });
  const { runs } = await prove({ path: archive, source: project, timeout: 10, save: false });
  for (const trial of runs[0]?.trials ?? []) found.set(`${trial.kind} ${trial.name} ${trial.from ?? ""}`.trim(), trial);
}, 300_000);

test("an absolute path is found, with the path that is not there elsewhere", () => {
  expect(found.get("import absolute project")).toMatchObject({
    outcome: "failed",
    reason: `names ${join(scratch, "shared-data.js")}, an absolute path that is not there`,
  });
});

test("what fails at the source too is said, and is no failure", () => {
  expect(found.get("import throws-anywhere project")).toMatchObject({ outcome: "as before", detail: "not for this world" });
});

test("a package that ends the process, or never comes back, is told by its name, and the others are tried", () => {
  expect(found.get("import quits project")).toMatchObject({ outcome: "as before", detail: "ended with status 0" });
  expect(found.get("import hangs project")).toMatchObject({
    outcome: "as before",
    detail: expect.stringMatching(/^did not end within \d+(\.\d)? s, and was killed$/),
  });
  expect(found.get("import good project")).toMatchObject({ outcome: "ok" });
  expect(found.get("import good elsewhere")).toMatchObject({ outcome: "ok" });
});

test("a missing library is found though its package hides it", ({ skip }) => {
  if (!has("gcc")) skip("gcc is not installed");
  expect(found.get("libraries app/node_modules/lacking/build/Release/lacking.node")).toMatchObject({
    detail: "cannot be loaded",
    reason: "lacks libgone.so.1: neither the environment nor the system there has it",
  });
});

test("who writes into the environment is told that it is read-only there", ({ skip }) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  expect(found.get("user node writes.js")).toMatchObject({
    outcome: "failed",
    reason: expect.stringMatching(/^writes to .*\/app\/log\.txt, which is read-only there$/),
  });
});

test("ever more processes are killed, all of them", async ({ skip }) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  expect(found.get("user node forks.js")?.detail).toMatch(
    /^started ever more processes, and was killed with all of them|^did not end within/,
  );
  // Whoever is killed may take a moment to end.
  await expect.poll(forked, { timeout: 10_000 }).toEqual([]);
});

test("a link that leads out of an unpacked environment is found", async () => {
  const folder = join(scratch, "unpacked");
  await unpack({ archive, target: folder });
  writeFileSync(join(scratch, "outside.js"), "");
  symlinkSync(join(scratch, "outside.js"), join(folder, "app/node_modules/good/extra.js"));
  const { ok, runs } = await prove({ path: folder, timeout: 2, entry: "data.js" });
  expect(ok).toBe(false);
  expect(runs[0]?.trials.filter(({ kind }) => kind === "links")).toEqual([
    expect.objectContaining({
      outcome: "failed",
      name: "app/node_modules/good/extra.js",
      reason: `is a link to ${join(scratch, "outside.js")}, which will not be there elsewhere`,
    }),
  ]);
}, 120_000);
