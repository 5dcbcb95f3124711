import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { activationEnv } from "../../src/verbs/run/activation.js";
import { NEWEST_LTS, bringNode } from "../node-versions.mjs";
import { layOut, makeEnvironment, makeFolder, write } from "../embed/furnished.js";

/** The first and the last Node of each way in which the hook answers for ES modules, and some between. */
const VERSIONS = ["16.20.2", "18.19.0", "20.5.1", "20.19.0", "22.12.0", "22.14.0", "24.0.0", NEWEST_LTS];

const PACKAGES = {
  "app/node_modules/dep/package.json": '{"name":"dep","exports":{"import":"./i.mjs","require":"./r.cjs"}}',
  "app/node_modules/dep/i.mjs": "export default 'imported'",
  "app/node_modules/dep/r.cjs": "module.exports = 'required'",
  "app/node_modules/plain/index.js": "module.exports = 'imported'",
  "app/node_modules/@scope/main/package.json": '{"name":"@scope/main","main":"lib"}',
  "app/node_modules/@scope/main/lib.js": "module.exports = 'imported'",
  "app/node_modules/@scope/main/deep/x.js": "module.exports = 'imported'",
};

const SCRIPTS = {
  "job.mjs": "import d from 'dep'; console.log(d)",
  "typed/package.json": '{"type":"module"}',
  "typed/job.js": "import d from 'dep'; console.log(d)",
  "typed/main": "import('dep').then((m) => console.log(m.default))",
  "comment.mjs": "/* of builtins\n*/ import fs from 'fs'; /* c */ import d from 'dep'; console.log(d)",
  "chain.mjs": "import './job.mjs'",
  "plain.mjs":
    "import plain from 'plain'; import main from '@scope/main'; import deep from '@scope/main/deep/x.js'; console.log(new Set([plain, main, deep]).size === 1 && deep)",
  "late.mjs": "import fs from 'fs'; const { default: d } = await import('dep'); console.log(d)",
  "resolve.mjs": "console.log(await import.meta.resolve('dep').endsWith('i.mjs') ? 'imported' : '')",
  "dynamic.cjs": "import('dep').then((m) => console.log(m.default))",
  "hidden.cjs": "eval('imp' + 'ort(`dep`)').then((m) => console.log(m.default))",
  "function.cjs":
    "Function('return im' + 'port(`dep`)')().then((m) => console.log(m.default), (e) => console.log(e.code === 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING' || e instanceof TypeError ? 'imported' : e))",
  "after.cjs": "for (let i = 0; i < 9000; i++) new URL('file:///x').href; import('dep').then((m) => console.log(m.default))",
  "later.cjs": "setTimeout(() => import('./job.mjs'), 1)",
  "traced.cjs":
    "Error.prepareStackTrace = () => 'mine'; import('dep').then((m) => console.log(new Error('x').stack === 'mine' && m.default))",
  "both.cjs": "console.log(require('dep') === 'required' && 'imported')",
  "worker.cjs": "new (require('worker_threads').Worker)(__dirname + '/job.mjs')",
  "worker-dynamic.cjs": "new (require('worker_threads').Worker)(__dirname + '/hidden.cjs')",
  "worker-eval.cjs": "new (require('worker_threads').Worker)('import(`dep`).then((m) => console.log(m.default))', { eval: true })",
  "child.cjs": "require('child_process').fork(__dirname + '/job.mjs')",
  "registers.mjs":
    "import { register } from 'node:module'; register('data:text/javascript,export async function resolve(s, c, next) { return next(s, c) }')",
  "unit.test.mjs": "import test from 'node:test'; import d from 'dep'; test('x', () => { if (d !== 'imported') throw 0; })",
  "ambiguous.js": "/* c */ import d from 'dep'; console.log(d)",
  "requires.cjs": "require('./job.mjs')",
  "requires-ambiguous.cjs": "require('./ambiguous.js')",
};

/** Each way to run code that imports, as arguments, or what stands in stdin behind "<". All print "imported". */
const WAYS: readonly (readonly string[])[] = [
  ["job.mjs"],
  ["typed/job.js"],
  ["comment.mjs"],
  ["chain.mjs"],
  ["plain.mjs"],
  ["late.mjs"],
  ["dynamic.cjs"],
  ["hidden.cjs"],
  ["function.cjs"],
  ["after.cjs"],
  ["later.cjs"],
  ["traced.cjs"],
  ["both.cjs"],
  ["worker.cjs"],
  ["worker-dynamic.cjs"],
  ["worker-eval.cjs"],
  ["child.cjs"],
  ["-e", "import('dep').then((m) => console.log(m.default))"],
  ["-e", "eval('imp' + 'ort(`dep`)').then((m) => console.log(m.default))"],
  ["--input-type=module", "-e", "/* c */ import d from 'dep'; console.log(d)"],
  ["--input-type=module", "-", "<", "/* c */ import d from 'dep'; console.log(d)"],
  ["--input-type=module", "<", "import 'fs'; import d from 'dep'; console.log(d)"],
  ["-", "<", "import('dep').then((m) => console.log(m.default))"],
  ["-r", "./dynamic.cjs", "-e", "0"],
];

/** What only newer versions can do. */
const NEWER: readonly (readonly [minimum: string, ...args: string[]])[] = [
  ["18.18 20.0", "--import", "./job.mjs", "-e", "0"],
  ["18.18 20.0", "--import", "dep", "both.cjs"],
  ["20.6", "resolve.mjs"],
  ["18.19 20.6", "--import", "./registers.mjs", "job.mjs"],
  ["20.19", "typed/main"],
  ["20.19 22.7", "ambiguous.js"],
  ["20.19 22.12", "requires.cjs"],
  ["20.19 22.12", "requires-ambiguous.cjs"],
];

/** Whether a version is as new as one of those, of its own line, or of a later line than all of them. */
function reaches(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const lines = minimum.split(" ").map((line) => line.split(".").map(Number));
  const own = lines.find(([line]) => line === major);
  return own === undefined ? lines.every(([line = 0]) => major > line) : minor >= (own[1] ?? 0);
}

describe.each(VERSIONS)("on Node %s", (version) => {
  let root: string;
  let scripts: string;
  let node: string;

  beforeAll(async () => {
    root = await layOut(makeFolder("an env"), makeEnvironment(), PACKAGES);
    scripts = makeFolder("job scripts");
    for (const [file, content] of Object.entries(SCRIPTS)) write(join(scripts, file), content);
    node = join(bringNode(version) ?? "", "node");
  });

  async function start(words: readonly string[]): Promise<string> {
    const at = words.indexOf("<");
    const args = at < 0 ? words : words.slice(0, at);
    const env = activationEnv(root, { name: "sample" }, { PATH: process.env.PATH, NODE_NO_WARNINGS: "1" });
    return new Promise((settle) => {
      const child = execFile(node, [...args], { encoding: "utf8", env, cwd: scripts }, (_, stdout, stderr) =>
        settle((stdout + stderr).trim()),
      );
      child.stdin?.end(at < 0 ? "" : words[at + 1]);
    });
  }

  test("W3: every way to import finds the environment's packages", async () => {
    const ways = [...WAYS, ...NEWER.filter(([minimum]) => reaches(version, minimum)).map(([, ...args]) => args)];
    const seen = await Promise.all(ways.map(async (words) => [words.join(" "), await start(words)]));
    expect(seen).toEqual(ways.map((words) => [words.join(" "), "imported"]));
    expect(await start(["--test"])).toMatch(/^# pass 1$|^ℹ pass 1$/m);
  });

  test("W3: a program that imports nothing starts no thread for it", async () => {
    write(
      join(scripts, "threads.cjs"),
      "require('dep'); require('url').pathToFileURL(__filename).href; console.log(require('fs').readdirSync('/proc/self/task').length)",
    );
    const [plain] = [spawnSync(node, ["-p", "require('fs').readdirSync('/proc/self/task').length"], { encoding: "utf8", env: {} })];
    expect(await start(["threads.cjs"])).toBe(plain?.stdout.trim());
  });
});
