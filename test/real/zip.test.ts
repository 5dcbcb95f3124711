import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { envpack, execute, has, makeScratch, NOBODY, nobodyMissing, runElsewhere, type Outcome } from "./commands.js";
import { buildSample, SAMPLE_OUTPUT } from "./sample.js";
import { smallNode } from "../small-node.js";

const scratch = makeScratch();
const project = join(scratch, "project");
const archive = join(scratch, "env.zip");
/** Where the runtime is not what is looked at. */
const SMALL = ["--node", smallNode()];
const light = join(scratch, "light/env.zip");

const must = ({ status, stdout, stderr }: Outcome): string => {
  expect([status, stderr]).toEqual([0, expect.anything()]);
  return stdout;
};
const answer = (outcome: Outcome): unknown => JSON.parse(must(outcome));

beforeAll(() => {
  buildSample(project);
  const { status, stderr } = envpack(["pack", project, "-o", archive]);
  expect(stderr).toMatch(/next: envpack unpack .*env\.zip DIR, or a plain unzip -q\n$/);
  expect(status).toBe(0);
  must(envpack(["pack", project, "-q", ...SMALL, "-o", light]));
});

test("the same environment gives the same zip, and -o - writes it to a pipe", () => {
  const again = join(scratch, "again");
  must(
    execute("sh", [
      "-c",
      `"$0" "$@" >${again}`,
      process.execPath,
      join(import.meta.dirname, "../../bin/envpack.js"),
      "pack",
      project,
      "--format",
      "zip",
      "-o",
      "-",
      "-q",
      "-j",
      "1",
    ]),
  );
  expect(readFileSync(again).equals(readFileSync(archive))).toBe(true);
});

test("list, info, verify, run, diff and unpack read it", () => {
  const listed = must(envpack(["list", archive]));
  expect(listed).toContain("app/node_modules/greeter/index.js");
  expect(listed).not.toContain(" -> ");
  expect(answer(envpack(["info", "--json", archive]))).toMatchObject({
    kind: "archive",
    format: "zip",
    manifest: { name: "@acme/pantry" },
  });
  must(envpack(["verify", "-q", archive]));
  expect(answer(envpack(["run", archive, "--", "node", "-p", "JSON.stringify(process.env.ENVPACK_NAME)"]))).toBe("@acme/pantry");
  const target = join(scratch, "unpacked");
  must(envpack(["unpack", "-q", archive, target]));
  expect(answer(runElsewhere([join(target, "bin/node"), join(target, "app/main.js")], [project]))).toMatchObject(SAMPLE_OUTPUT);
  must(execute(join(target, "bin/envpack"), ["verify", "-q"]));
  must(envpack(["diff", archive, target]));
  must(envpack(["unpack", "-q", "--only", "app/main.js", archive, join(scratch, "only")]));
});

test("a zip on stdin is refused, with what to do", () => {
  const { status, stderr } = execute("sh", [
    "-c",
    `"$0" "$1" unpack - ${join(scratch, "none")} <${archive}`,
    process.execPath,
    join(import.meta.dirname, "../../bin/envpack.js"),
  ]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^envpack: error\[USAGE\] a zip is not read from a stream[^\n]*\nhint: [^\n]*file[^\n]*\n/);
  expect(existsSync(join(scratch, "none"))).toBe(false);
});

test("no link is in it: a workspace is a copy, a command of .bin a script", ({ skip }) => {
  if (!has("unzip")) return skip("unzip is not installed");
  const target = join(scratch, "unzipped");
  must(execute("unzip", ["-q", light, "-d", target]));
  const bin = join(target, "app/node_modules/.bin");
  for (const path of [join(target, "app/node_modules/greeter"), ...readdirSync(bin).map((name) => join(bin, name))])
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
  expect(must(runElsewhere(["env", `PATH=${target}/bin:/usr/bin:/bin`, join(bin, "greet"), "you"], [project], target))).toBe("hello you\n");
  expect(must(runElsewhere(["env", `PATH=${target}/bin:/usr/bin:/bin`, join(bin, "semver"), "1.2.3"], [project], target))).toBe("1.2.3\n");
  must(execute(join(target, "bin/envpack"), ["verify", "-q"]));
});

test("--zip-symlinks keeps them", ({ skip }) => {
  if (!has("unzip")) return skip("unzip is not installed");
  const kept = join(scratch, "links.zip");
  must(envpack(["pack", project, "-q", ...SMALL, "-o", kept, "--zip-symlinks"]));
  const target = join(scratch, "with-links");
  must(execute("unzip", ["-q", kept, "-d", target]));
  expect(lstatSync(join(target, "app/node_modules/greeter")).isSymbolicLink()).toBe(true);
  must(execute(join(target, "bin/envpack"), ["verify", "-q"]));
  expect(envpack(["pack", project, "-o", join(scratch, "x.tar"), "--zip-symlinks"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("leave --zip-symlinks away"),
  });
});

test("a link that a zip cannot do without is refused, and nothing is left behind", () => {
  const other = join(scratch, "other");
  mkdirSync(join(other, "node_modules/.store/a/node_modules/a"), { recursive: true });
  writeFileSync(join(other, "package.json"), '{"name":"other","version":"1.0.0"}');
  for (const [name, text] of [
    ["package.json", '{"name":"a","version":"1.0.0"}'],
    ["index.js", "1"],
  ] as const)
    writeFileSync(join(other, "node_modules/.store/a/node_modules/a", name), text);
  symlinkSync(".store/a/node_modules/a", join(other, "node_modules/a"));
  const output = join(scratch, "other.zip");
  const { status, stderr } = envpack(["pack", other, ...SMALL, "-o", output]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^envpack: error\[LINK_NEEDED\] [^\n]*\nhint: keep the links with --zip-symlinks[^\n]*\n$/);
  expect(existsSync(output)).toBe(false);
  must(envpack(["pack", other, "-q", ...SMALL, "-o", output, "--zip-symlinks"]));
});

describe("extracted by Python's zipfile, which drops the rights to execute", () => {
  const extract = (name: string, from = light): string => {
    const target = join(scratch, name);
    must(execute("python3", ["-c", "import sys,zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])", from, target]));
    expect(statSync(join(target, "bin/node")).mode & 0o111).toBe(0);
    return target;
  };
  /** Without Node on the PATH; in a sandbox all would be read-only. */
  const bare = (...command: string[]): Outcome => execute("env", ["-i", "PATH=/usr/bin:/bin", ...command]);
  const missing = has("python3") ? null : "python3 is not installed";

  test("sh bin/envpack relocate gives them back, and all is as it was packed", ({ skip }) => {
    if (missing !== null) return skip(missing);
    const target = extract("python");
    const { status, stderr } = bare("sh", join(target, "bin/envpack"), "relocate");
    expect([status, stderr]).toEqual([0, expect.stringMatching(/files may be executed again/)]);
    expect(answer(runElsewhere([join(target, "bin/node"), join(target, "app/main.js")], [project], target))).toMatchObject(SAMPLE_OUTPUT);
    must(execute(join(target, "bin/envpack"), ["verify", "-q"]));
  });

  test.for([
    ["sh", "activate"],
    ["bash", "activate"],
    ["fish", "activate.fish"],
  ] as const)("activating it in %s gives them back", ([shell, script], { skip }) => {
    if (missing !== null) return skip(missing);
    if (!has(shell)) return skip(`${shell} is not installed here`);
    const target = extract(`activated-${shell}`);
    const line = `${shell === "fish" ? "source" : "."} '${join(target, "bin", script)}'; node -p 1; '${join(target, "app/node_modules/.bin/greet")}' you`;
    expect(must(bare(shell, "-c", line))).toBe("1\nhello you\n");
  });

  test("a launcher starts node for its owner, and through the system's loader for another user", ({ skip }) => {
    if (missing !== null) return skip(missing);
    const target = extract("launched", archive);
    const without = nobodyMissing();
    if (without === null) {
      chmodSync(scratch, 0o755);
      const seen = execute("sh", [join(target, "bin/envpack"), "info", "--json"], { ...NOBODY, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
      expect(answer(seen)).toMatchObject({ kind: "folder", format: "zip" });
      expect(statSync(join(target, "bin/node")).mode & 0o111).toBe(0);
      const refused = execute("sh", [join(target, "bin/envpack"), "relocate"], { ...NOBODY, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/error\[NO_PERMISSION\].*\nhint: copy the environment/) });
    }
    expect(must(bare("sh", join(target, "bin/semver"), "1.2.3"))).toBe("1.2.3\n");
    expect(statSync(join(target, "bin/node")).mode & 0o100).toBe(0o100);
    if (without !== null) return skip(`not as another user: ${without}`);
  });
});
