import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildPrefix } from "./prefix-build.js";
import { readPrefixCases } from "./prefix-case.js";
import { runWell, type Outcome } from "./run.js";
import { runInside, sandboxMissing } from "./sandbox.js";
import { scratchFolder } from "../../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const MISSING = sandboxMissing();
const HAS_NPM = existsSync(join(dirname(dirname(realpathSync(process.execPath))), "lib/node_modules/npm"));
const ELSEWHERE = "/elsewhere/at another/depth/env";

let scratch: string;
beforeAll(() => {
  scratch = scratchFolder("global");
});

/** A package of one command that prints a word, as a tarball. */
async function makeTarball(name: string, word: string): Promise<string> {
  const folder = join(scratch, "packages", `${name}-${word}`, "package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "99.0.0", bin: { [name]: "cli.js" } }));
  writeFileSync(join(folder, "cli.js"), `#!/usr/bin/env node\nconsole.log("${word}");\n`, { mode: 0o755 });
  await runWell("tar", ["-czf", join(scratch, "packages", `${name}.tgz`), "-C", join(folder, ".."), "package"]);
  return `/packages/${name}.tgz`;
}

/** Packs a case's prefix, once. */
async function packPrefix(name: string): Promise<string> {
  const archive = join(scratch, `${name}.tar`);
  if (existsSync(archive)) return archive;
  const one = readPrefixCases().find((found) => found.name === name);
  if (one === undefined) throw new Error(`there is no case ${name}`);
  const { prefix } = await buildPrefix(one);
  await runWell(process.execPath, [ENVPACK, "pack", "-p", prefix, "-o", archive, "-q"], { patience: 300_000 });
  return archive;
}

/** Extracts a packed prefix with tar and gives a way to run its programs there, with no node on PATH. */
async function move(name: string): Promise<{ folder: string; start: (...command: string[]) => Promise<Outcome> }> {
  const folder = mkdtempSync(join(scratch, `${name}-`));
  await runWell("tar", ["-xf", await packPrefix(name), "-C", folder], { patience: 300_000 });
  const env = { HOME: "/tmp", LANG: "C.UTF-8", PATH: "/usr/bin:/bin", npm_config_offline: "true", npm_config_update_notifier: "false" };
  const shown = new Map([["/packages", join(scratch, "packages")]]);
  const writable = new Map([[ELSEWHERE, folder]]);
  const start = ([program = "", ...args]: string[]): Promise<Outcome> =>
    runInside({ shown, writable, node: "hidden", env }, "/tmp", [join(ELSEWHERE, "bin", program), ...args]);
  return { folder, start: (...command) => start(command) };
}

describe.for(["prefix-node", "prefix-nodeenv", "prefix-npm-global"])("npm of a moved %s", (name) => {
  test("lists and installs global packages where the prefix is now", { timeout: 600_000 }, async (context) => {
    if (MISSING !== null) context.skip(MISSING);
    // The first has an npm of its own; to the others it comes with the runtime.
    if (name !== "prefix-node" && !HAS_NPM) context.skip("the node that runs this has no npm beside it");
    const greeter = await makeTarball("greeter", "hello");
    const { folder, start } = await move(name);
    expect((await start("npm", "root", "--global")).stdout.trim()).toBe(`${ELSEWHERE}/lib/node_modules`);
    const before = await start("npm", "ls", "--global");
    expect(before.stdout.split("\n")[0]).toBe(`${ELSEWHERE}/lib`);
    const installed = await start("npm", "install", "--global", greeter);
    expect(installed, installed.stderr).toMatchObject({ status: 0 });
    expect(readdirSync(join(folder, "lib/node_modules"))).toContain("greeter");
    expect((await start("npm", "ls", "--global")).stdout).toContain("greeter@99.0.0");
    const greeting = await start("npm", "exec", "--", "greeter");
    expect(greeting).toMatchObject({ status: 0, stdout: "hello\n" });
    const removed = await start("npm", "uninstall", "--global", "greeter");
    expect(removed, removed.stderr).toMatchObject({ status: 0 });
    expect(readdirSync(join(folder, "bin"))).not.toContain("greeter");
  });
});

test("a package of a moved prefix is replaced by another version though a launcher starts it", { timeout: 600_000 }, async (context) => {
  if (MISSING !== null) context.skip(MISSING);
  const semver = await makeTarball("semver", "replaced");
  const { folder, start } = await move("prefix-node");
  expect(readFileSync(join(folder, "bin/semver"), "utf8")).toContain("#!/bin/sh");
  const installed = await start("npm", "install", "--global", semver);
  expect(installed, installed.stderr).toMatchObject({ status: 0 });
  expect(await start("node", `${ELSEWHERE}/bin/semver`)).toMatchObject({ status: 0, stdout: "replaced\n" });
  const removed = await start("npm", "uninstall", "--global", "cross-env");
  expect(removed, removed.stderr).toMatchObject({ status: 0 });
  expect(readdirSync(join(folder, "bin"))).not.toContain("cross-env");
});
