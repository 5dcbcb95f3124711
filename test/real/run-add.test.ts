import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ENVPACK, envpack, execute, makeScratch, type Outcome } from "./commands.js";
import { buildSample, npm } from "./sample.js";
import { smallNode } from "../small-node.js";

const scratch = makeScratch();
const environment = join(scratch, "env");
const archive = join(scratch, "pantry.tar.gz");
const jobs = join(scratch, "job scripts");
const temporary = join(scratch, "tmp");

beforeAll(() => {
  const project = join(scratch, "pantry");
  for (const folder of [project, jobs, temporary]) mkdirSync(folder);
  buildSample(project);
  expect(envpack(["pack", project, "-q", "--node", smallNode(), "-o", archive]).stderr).toBe("");
  expect(envpack(["unpack", "-q", archive, environment]).stderr).toBe("");
  write(
    "helpers/job_helpers.mjs",
    'import ms from "ms"; import { near } from "./near.mjs"; export const help = () => `helped ${ms("1s")} ${near}`;',
  );
  write("helpers/near.mjs", 'export const near = "beside";');
  write("helpers/old.cjs", 'exports.old = require("ms")("2s");');
  write(
    "fixed/package.json",
    '{ "name": "ms", "version": "9.9.9", "exports": { ".": { "import": "./i.mjs", "require": "./r.cjs" }, "./sub": "./r.cjs" } }',
  );
  write("fixed/i.mjs", "export default () => 'fixed by import';");
  write("fixed/r.cjs", "module.exports = () => 'fixed by require';");
  write("scoped/package.json", '{ "name": "@team/tool", "version": "1.0.0", "main": "main.js" }');
  write("scoped/main.js", "module.exports = `tool ${require('semver').valid('1.2.3')}`;");
  write("bare/index.js", "module.exports = 'bare folder';");
  npm(join(jobs, "scoped"), ["pack", "--pack-destination", jobs]);
});

function write(path: string, content: string): string {
  const file = join(jobs, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Runs envpack with a temporary folder of its own, in which nothing may be left. */
function run(args: readonly string[], tool: readonly string[] = [process.execPath, ENVPACK]): Outcome {
  const [program = "", ...words] = [...tool, "run", ...args];
  const outcome = execute(program, words, { cwd: jobs, env: { ...process.env, TMPDIR: temporary } });
  expect(readdirSync(temporary)).toEqual([]);
  return outcome;
}

const ALL = [
  "--add",
  "helpers/job_helpers.mjs",
  "--add",
  "helpers/old.cjs",
  "--add",
  "fixed",
  "--add",
  "team-tool-1.0.0.tgz",
  "--add",
  "bare",
];

describe("run --add", () => {
  const IMPORT = `import { help } from "job_helpers"; import "job_helpers.mjs"; import { old } from "old"; import ms from "ms"; import sub from "ms/sub"; import tool from "@team/tool"; import bare from "bare"; import semver from "semver";
console.log([help(), old, ms(), sub(), tool, bare, semver.valid("2.0.0")].join("; "));`;
  const REQUIRE =
    'console.log([require("old").old, require("old.cjs").old, require("ms")(), require("ms/sub")(), require("@team/tool"), require("bare")].join("; "));';
  const IMPORTED = "helped fixed by import beside; fixed by require; fixed by import; fixed by require; tool 1.2.3; bare folder; 2.0.0\n";
  const REQUIRED = "fixed by require; fixed by require; fixed by require; fixed by require; tool 1.2.3; bare folder\n";

  test("puts files, folders and a .tgz in front, for import and require, of a folder, an archive and the tool inside", () => {
    write("job.mjs", IMPORT);
    write("job.cjs", REQUIRE);
    const inside = [join(environment, "bin/envpack")];
    expect(run([environment, ...ALL, "--", "job.mjs"])).toMatchObject({ stderr: "", stdout: IMPORTED, status: 0 });
    expect(run([...ALL, environment, "job.cjs"])).toMatchObject({ stderr: "", stdout: REQUIRED, status: 0 });
    expect(run([archive, ...ALL, "--", "job.mjs"])).toMatchObject({ stderr: "", stdout: IMPORTED, status: 0 });
    expect(run([...ALL, "job.mjs"], inside)).toMatchObject({ stderr: "", stdout: IMPORTED, status: 0 });
    expect(run([...ALL, "--", "node", "-e", REQUIRE], inside)).toMatchObject({ stderr: "", stdout: REQUIRED, status: 0 });
    expect(envpack(["verify", "-q", environment])).toMatchObject({ stdout: "", stderr: "", status: 0 });
  });

  test("comes before a script's own packages, and the environment's packages keep theirs", () => {
    write("own/node_modules/ms/index.js", "module.exports = () => 'own'");
    write("own/job.cjs", 'console.log(require("ms")());');
    write("own/job.mjs", 'import ms from "ms"; console.log(ms());');
    expect(run(["--add", "fixed", environment, "own/job.cjs"]).stdout).toBe("fixed by require\n");
    expect(run(["--add", "fixed", environment, "own/job.mjs"]).stdout).toBe("fixed by import\n");
    expect(run([environment, "own/job.mjs"]).stdout).toBe("own\n");
    const main = JSON.parse(run(["--add", "fixed", environment, "node", join(environment, "app/main.js")]).stdout) as { day: number };
    expect(main.day).toBe(86_400_000);
  });

  test("tells what of an added package is missing as Node does", () => {
    write("lacking.mjs", 'import "ms/nothing";');
    expect(run(["--add", "fixed", environment, "lacking.mjs"]).stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test.each([
    ["nothing there", ["--add", "nowhere.mjs"], /error\[IO\] cannot add: no such file/],
    ["two of one name", ["--add", "fixed", "--add", "own/node_modules/ms"], /error\[USAGE\] two things were added by the name ms/],
    ["a name that cannot be imported", ["--add", "helpers/..mjs"], /error\[USAGE\] what was added has no name/],
    ["no value", ["--add"], /error\[USAGE\]/],
  ])("refuses %s in a line", (_what, args, message) => {
    write("helpers/..mjs", "");
    const { status, stdout, stderr } =
      args.length === 1 ? run([environment, ...args]) : run([environment, ...args, "--", "node", "-p", "1"]);
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBeLessThan(3);
  });

  test("cleans up when a signal ends it", async () => {
    write(
      "wait.mjs",
      'import "job_helpers"; process.on("SIGTERM", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000);',
    );
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      const child = spawn(process.execPath, [ENVPACK, "run", environment, ...ALL, "--", "wait.mjs"], {
        cwd: jobs,
        env: { ...process.env, TMPDIR: temporary },
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      expect(readdirSync(temporary)).toEqual([expect.stringMatching(/^envpack-run-/)]);
      child.kill(signal);
      await once(child, "exit");
      expect(readdirSync(temporary)).toEqual([]);
    }
  });
});
