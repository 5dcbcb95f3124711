import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { envpack, execute, has, makeScratch, runElsewhere } from "./commands.js";
import { npm } from "./sample.js";

const ADDON = join(import.meta.dirname, "../../fixtures/native-addon");
const scratch = makeScratch();

/** The folder whose include/node/ has the headers of the node that runs this; null where there is none. */
function headers(): string | null {
  const bin = dirname(process.execPath);
  for (const folder of [dirname(bin), "/usr", "/usr/local"]) {
    const file = join(folder, "include/node/node_version.h");
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const [major, minor] = ["MAJOR", "MINOR"].map((part) => new RegExp(`define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1]);
    if (process.versions.node.startsWith(`${major}.${minor}.`)) return folder;
  }
  return null;
}

const nodeDir = headers();
const missing =
  nodeDir === null
    ? "the headers of this Node.js are not here, and are not downloaded"
    : ["make", "g++", "python3"].every((tool) => has(tool))
      ? null
      : "no compiler, make or Python here";

/** Packs a project, hides it, and runs a file of what was restored from the archive. */
function runPacked(project: string, file: string): { stdout: string; paths: string[] } {
  const archive = `${project}.tar.zst`;
  expect(envpack(["pack", project, "-q", "-o", archive])).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  renameSync(project, `${project}-away`);
  const target = join(scratch, "deep/er", file.replaceAll("/", "-"));
  mkdirSync(dirname(target), { recursive: true });
  expect(envpack(["unpack", "-q", archive, target]).status).toBe(0);
  const outcome = runElsewhere([join(target, "bin/node"), join(target, "app", file)], [`${project}-away`]);
  expect(outcome.stderr).toBe("");
  const entries: { path: string }[] = JSON.parse(envpack(["list", "--json", archive]).stdout).entries;
  return { stdout: outcome.stdout, paths: entries.map((entry) => entry.path) };
}

function compile(folder: string, args: readonly string[]): void {
  process.env.npm_config_nodedir = nodeDir ?? "";
  npm(folder, args);
  delete process.env.npm_config_nodedir;
}

describe("an addon that node-gyp compiled here", () => {
  test("works where it was restored, and leaves what the compiler left behind", ({ skip }) => {
    if (missing !== null) skip(missing);
    const project = join(scratch, "addon");
    cpSync(ADDON, project, { recursive: true, filter: (path) => !path.endsWith("/build") });
    compile(project, ["ci"]);
    const { stdout, paths } = runPacked(project, "index.js");
    expect(stdout).toBe("2 + 3 = 5\n");
    expect(paths.filter((path) => path.startsWith("app/build/") && !path.endsWith("/Release"))).toEqual(["app/build/Release/adder.node"]);
  });

  test("works as a dependency in node_modules", ({ skip }) => {
    if (missing !== null) skip(missing);
    const project = join(scratch, "consumer");
    mkdirSync(project);
    const addon = join(scratch, "addon-source");
    cpSync(ADDON, addon, { recursive: true, filter: (path) => !path.endsWith("/build") });
    const dependencies = { "native-addon": `file:${addon}` };
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", version: "1.0.0", dependencies }));
    writeFileSync(join(project, "sum.js"), 'console.log(require("native-addon").add(20, 22));\n');
    compile(project, ["install", "--install-links"]);
    expect(execute("node", ["sum.js"], { cwd: project }).stdout).toBe("42\n");
    const { stdout, paths } = runPacked(project, "sum.js");
    expect(stdout).toBe("42\n");
    expect(paths).toContain("app/node_modules/native-addon/build/Release/adder.node");
    expect(paths).not.toContain("app/node_modules/native-addon/build/config.gypi");
  });
});
