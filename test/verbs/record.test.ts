import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { record } from "../../src/index.js";
import { readRecord } from "../../src/plan/trace/record-file.js";
import { writeFiles } from "../evidence/prove/shop.js";
import { has, makeScratch } from "../real/commands.js";

const scratch = makeScratch();
const project = join(scratch, "a b: ü/shop");
let at = 0;

beforeAll(() => {
  writeFiles(project, {
    "package.json": '{"name":"shop","version":"1.0.0"}',
    "node_modules/part/package.json": '{"name":"part","version":"1.0.0","main":"main.js"}',
    "node_modules/part/main.js": "module.exports = 1;",
    "node_modules/part/asked.js": "",
    "node_modules/part/read.txt": "text",
    "node_modules/part/promised.txt": "text",
    "node_modules/part/child.js": 'require("fs").existsSync(__dirname + "/of-child.txt");',
    "node_modules/part/of-child.txt": "",
    "node_modules/part/thread.js": 'require("./of-thread.js");',
    "node_modules/part/of-thread.js": "",
    "node_modules/part/not-touched.js": "",
    "node_modules/esm/package.json": '{"name":"esm","version":"1.0.0","type":"module","exports":"./index.js"}',
    "node_modules/esm/index.js":
      'import { readFileSync } from "node:fs"; readFileSync(new URL("./data.json", import.meta.url)); export default 1;',
    "node_modules/esm/data.json": "{}",
    "run.js": `const fs = require("fs"), cp = require("child_process");
require("part");
require.resolve("part/asked.js");
fs.readFileSync(require.resolve("part/main.js").replace("main.js", "read.txt"));
fs.promises.readFile(__dirname + "/node_modules/part/promised.txt");
cp.execFileSync(process.execPath, [__dirname + "/node_modules/part/child.js"], { env: { PATH: process.env.PATH } });
new (require("worker_threads").Worker)(__dirname + "/node_modules/part/thread.js");
import("esm");
process.exitCode = Number(process.argv[2] || 0);
`,
    "hangs.js":
      'require("part"); process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); require("fs").writeFileSync(process.env.READY, "");',
  });
});

async function touched(options: {
  readonly command: readonly string[];
  readonly strace?: boolean;
}): Promise<{ status: number; paths: string[] }> {
  const output = join(scratch, `record-${at++}.json`);
  const { status } = await record({ path: project, output, ...options });
  return { status, paths: readRecord(output, { name: "shop", version: "1.0.0", lock: null }).files.map(({ path }) => path) };
}

const inPart = (...names: string[]): string[] => names.map((name) => `node_modules/part/${name}`);

describe("envpack record", () => {
  test("sees what was resolved, asked about, opened and started, in children and threads too, and passes the status on", async () => {
    const { status, paths } = await touched({ command: [process.execPath, join(project, "run.js"), "7"] });
    expect(status).toBe(7);
    const seen = inPart("main.js", "asked.js", "read.txt", "promised.txt", "child.js", "of-child.txt", "thread.js", "of-thread.js");
    for (const path of [...seen, "run.js", "node_modules/esm/index.js", "node_modules/esm/data.json"]) expect(paths, path).toContain(path);
    expect(paths).not.toContain("node_modules/part/not-touched.js");
  });

  test("sees by strace what other programs open", async ({ skip }) => {
    if (!has("strace") || spawnSync("strace", ["-qq", "true"]).status !== 0) skip("strace is not there, or not allowed");
    const { paths } = await touched({ command: ["cat", join(project, "node_modules/part/not-touched.js")], strace: true });
    expect(paths).toContain("node_modules/part/not-touched.js");
  });

  test("writes what was seen of a command that a signal ended", async () => {
    const abort = new AbortController();
    const output = join(scratch, "hangs.json");
    const ready = join(scratch, "ready");
    const command = [process.execPath, join(project, "hangs.js")];
    const going = record({ path: project, output, command, env: { ...process.env, READY: ready }, signal: abort.signal });
    const timer = setInterval(() => {
      if (existsSync(ready)) abort.abort();
    }, 20);
    // The API tells an abort as such; the record is there all the same.
    await going.catch(() => undefined);
    clearInterval(timer);
    expect(readFileSync(output, "utf8")).toContain("node_modules/part/main.js");
  });

  test("refuses, in one line, what is no command, and a record that is there", async () => {
    const output = join(scratch, "none.json");
    await expect(record({ path: project, output, command: ["no-such-program"] })).rejects.toMatchObject({ code: "COMMAND_FAILED" });
    await expect(record({ path: project, output, command: [] })).rejects.toMatchObject({ code: "USAGE" });
    await expect(record({ path: scratch, output, command: ["true"] })).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
    writeFileSync(output, "kept");
    await expect(record({ path: project, output, command: ["true"] })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    expect(readFileSync(output, "utf8")).toBe("kept");
  });

  test.each([
    ["nothing", null, /cannot be read \(ENOENT\)/],
    ["no JSON", "{", /it is not JSON/],
    ["something else", "{}", /envpackRecord/],
    [
      "of a later version",
      '{"envpackRecord":2,"environment":{"name":"a","version":null,"lock":null},"by":[],"files":[]}',
      /is 2, and this envpack reads 1/,
    ],
    [
      "of another environment",
      '{"envpackRecord":1,"environment":{"name":"other","version":"2","lock":null},"by":[],"files":[]}',
      /of another environment, other 2/,
    ],
    [
      "of other packages",
      `{"envpackRecord":1,"environment":{"name":"shop","version":"1.0.0","lock":"${"b".repeat(64)}"},"by":[],"files":[]}`,
      /the lockfile has changed/,
    ],
  ])("that is %s is refused with RECORD_INVALID", (_, content, message) => {
    const file = join(scratch, `bad-${at++}.json`);
    if (content !== null) writeFileSync(file, content);
    expect(() => readRecord(file, { name: "shop", version: "1.0.0", lock: "a".repeat(64) })).toThrow(
      expect.objectContaining({ code: "RECORD_INVALID", message: expect.stringMatching(message), path: file }),
    );
  });
});

test("the recorder changes nothing of functions that it wraps", async () => {
  const code =
    'const fs = require("fs"); console.log(fs.existsSync.name, fs.realpath.native.length, typeof fs.promises.readFile, fs.statSync("/nope", { throwIfNoEntry: false }))';
  const env = { ...process.env, ENVPACK_RECORD: scratch, ENVPACK_RECORD_ROOTS: project };
  const run = (words: string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [...words, "-e", code], { env, stdio: ["ignore", "pipe", "inherit"] });
  const read = async (words: string[]): Promise<string> => {
    const child = run(words);
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(child, "close");
    return text;
  };
  const recorder = join(import.meta.dirname, "../../src/plan/trace/recorder/recorder.cjs");
  expect(await read(["--require", recorder])).toBe(await read([]));
});
