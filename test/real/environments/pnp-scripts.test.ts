import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildCase } from "./build.js";
import { readCases, type EnvironmentCase } from "./case.js";
import { run, runWell, type Outcome } from "./run.js";
import { scratchFolder } from "../../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
let scratch: string;
let root: string;

beforeAll(async () => {
  scratch = scratchFolder("pnp-scripts");
  root = join(scratch, 'a "quoted" place');
  mkdirSync(root);
  const built = await buildCase(readCases(false).find(({ name }) => name === "yarn4-pnp-global") as EnvironmentCase);
  const archive = join(scratch, "env.tar");
  await runWell(process.execPath, [ENVPACK, "pack", built.project, "-o", archive, "-q"], { patience: 120_000 });
  await runWell("tar", ["-xf", archive, "-C", root]);
  writeFileSync(join(scratch, "job.cjs"), 'console.log(typeof require("debug"), require("semver").valid("v1.2.3"));');
  writeFileSync(
    join(scratch, "job.mjs"),
    'import Queue from "yocto-queue"; import debug from "debug"; console.log(typeof Queue, typeof debug);',
  );
  writeFileSync(join(scratch, "lost.cjs"), 'require("no-such-package");');
});

/** A script outside of the environment, in an activated shell. */
function start(script: string): Promise<Outcome> {
  const env = { PATH: "/usr/bin:/bin" };
  return run("/bin/sh", ["-c", '. "$0/bin/activate"; exec node "$1"', root, join(scratch, script)], { env });
}

describe("a script outside of an environment with Plug'n'Play", () => {
  test("requires its packages", async () => {
    expect(await start("job.cjs")).toEqual({ status: 0, stdout: "function 1.2.3\n", stderr: "" });
  });

  test("imports its packages, and nothing is said of loaders", async () => {
    expect(await start("job.mjs")).toEqual({ status: 0, stdout: "function function\n", stderr: "" });
  });

  test("is told as ever of what is missing everywhere", async () => {
    const { status, stderr } = await start("lost.cjs");
    expect(status).toBe(1);
    expect(stderr).toContain("MODULE_NOT_FOUND");
  });
});

test("a command starts other nodes that find the packages, whatever the place is called", async () => {
  const { stdout, stderr } = await run(join(root, "bin/cross-env"), ["A=1", "node", "-p", "typeof require(`debug`)"], {
    cwd: join(root, "app"),
    env: { PATH: dirname("/usr/bin/env") },
  });
  expect([stdout, stderr]).toEqual(["function\n", ""]);
});

test("a bill of materials reads packages in Yarn's archives: licences, texts, and who needs whom", async () => {
  const licenses = await run(process.execPath, [ENVPACK, "licenses", root, "--json"], { patience: 120_000 });
  const { packages } = JSON.parse(licenses.stdout) as { packages: { name: string; license: string | null; files: string[] }[] };
  const found = Object.fromEntries(packages.map(({ name, license, files }) => [name, [license, files.length > 0]]));
  expect(found).toMatchObject({ "cross-env": ["MIT", true], semver: ["ISC", true], ms: ["MIT", true], which: ["ISC", true] });
  const bill = await run(process.execPath, [ENVPACK, "sbom", root, "--format", "cyclonedx"], { patience: 120_000 });
  expect(bill.stderr).toBe("");
  const { dependencies } = JSON.parse(bill.stdout) as { dependencies: { ref: string; dependsOn?: string[] }[] };
  const named = (ref: string): string => ref.replace(/^.*\/node_modules\//, "");
  const needs = new Map(dependencies.map(({ ref, dependsOn = [] }) => [named(ref), dependsOn.map(named)]));
  expect(needs.get(".")).toEqual(expect.arrayContaining(["cross-env", "debug", "semver"]));
  expect(needs.get("cross-env")).toEqual(["cross-spawn"]);
  // Its place in the state is a virtual one, since it has a peer.
  expect(needs.get("debug")).toEqual(["ms"]);
});
