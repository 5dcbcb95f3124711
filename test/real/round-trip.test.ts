import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { envpack, execute, has, makeScratch, runElsewhere, shell, type Outcome } from "./commands.js";
import { buildSample, SAMPLE_OUTPUT } from "./sample.js";
import { noise } from "../faults/project.js";
import { nodeOver, smallNode } from "../small-node.js";

const scratch = makeScratch();
const project = join(scratch, "home/me/pantry");
const away = join(scratch, "away");
const carried = join(scratch, "carried");
const FORMATS = ["tar.zst", "tar.gz", "tar"] as const;
/** The one that this machine's node and its npm go into; into the others goes a small stand-in, and files of several frames. */
const WHOLE = "tar.zst";
const SMALL = ["--node", smallNode()];
const archive = (format: string): string => join(carried, `pantry.${format}`);
/** The registry's Node packages hold node alone: what is packed with such a one has no npm. */
const CAME_WITH_NPM = existsSync(join(realpathSync(process.execPath), "../../lib/node_modules/npm"));
let packed: Outcome;

beforeAll(() => {
  mkdirSync(project, { recursive: true });
  mkdirSync(carried);
  buildSample(project);
  writeFileSync(join(project, "assets/large"), noise(12 << 20));
  // More than the hundred bytes that the oldest header has for a name.
  const long = join(project, "assets", "long-".repeat(17));
  mkdirSync(long);
  writeFileSync(join(long, "and-more.txt"), "long\n");
  for (const format of FORMATS) {
    packed = envpack(["pack", project, "-o", archive(format), ...(format === WHOLE ? [] : SMALL)]);
    if (packed.status !== 0) throw new Error(packed.stderr);
  }
  // From here on nothing may need the place where the environment was made.
  renameSync(project, away);
});

test("pack says on stderr what it did, what it left out and what to do next, and nothing on stdout", () => {
  expect(packed.stdout).toBe("");
  expect(packed.stderr).toMatch(
    /^packed @acme\/pantry 1\.2\.3 into .*pantry\.tar\n {2}[\d,]+ entries \([\d,]+ files\), [\d.]+ MB -> [\d.]+ MB \(\d+ %\) in [\d.]+ s\n/,
  );
  expect(packed.stderr).toMatch(/ {2}sha256 [0-9a-f]{64}\n/);
  expect(packed.stderr).toMatch(/left out:\n.*secrets.*app\/\.env/s);
  expect(packed.stderr).toMatch(/next: envpack unpack .*pantry\.tar DIR, or a plain tar -xf\n$/);
});

/** The environment works: its program, its commands and the tools that came with the runtime. */
function expectWorks(root: string): void {
  const hidden = [away, carried];
  const program = runElsewhere([join(root, "bin/node"), join(root, "app/main.js")], hidden, root);
  expect(program.stderr).toBe("");
  expect(JSON.parse(program.stdout)).toEqual({ ...SAMPLE_OUTPUT, node: process.versions.node });
  expect(runElsewhere([join(root, "bin/greet"), "world"], hidden, root)).toMatchObject({ status: 0, stdout: "hello world\n" });
  expect(runElsewhere([join(root, "bin/semver"), "-r", ">1", "1.0.0", "2.0.0"], hidden, root)).toMatchObject({
    status: 0,
    stdout: "2.0.0\n",
  });
  const isWhole = nodeOver(root).size === 0;
  if (CAME_WITH_NPM && isWhole) {
    expect(runElsewhere([join(root, "bin/npm"), "--version"], hidden, root)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  }
  const verify = [join(root, "bin/envpack"), "verify"];
  // The node that is laid over a small one is not what was packed.
  const outcome = isWhole ? runElsewhere(verify, hidden) : execute("env", ["-i", "PATH=/usr/bin:/bin", ...verify]);
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ok: /) });
}

/** Lines of shell that extract $A into $T. busybox finds no codec by itself: gzip is named, zstd goes before. */
const BUSYBOX = {
  "tar.zst": "zstd -dc $A | busybox tar -xf - -C $T",
  "tar.gz": "busybox tar -xzf $A -C $T",
  tar: "busybox tar -xf $A -C $T",
};
// Python had no filter before 3.11.4, and complains of none from 3.12 on.
const PYTHON_CODE = `import sys, tarfile
safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
tarfile.open(fileobj=sys.stdin.buffer, mode="r|").extractall(sys.argv[1], **safe)`;
const PYTHON_TAR = `python3 -c '${PYTHON_CODE}' $T`;
const PYTHON = { "tar.zst": `zstd -dc $A | ${PYTHON_TAR}`, "tar.gz": `gzip -dc $A | ${PYTHON_TAR}`, tar: `${PYTHON_TAR} < $A` };

describe.each(FORMATS)("a plain tar -xf of .%s works at another depth", (format) => {
  test.for([
    ["GNU tar", "tar", "tar -xf $A -C $T"],
    ["bsdtar", "bsdtar", "bsdtar -xf $A -C $T"],
    ["busybox tar", "busybox", BUSYBOX[format]],
    // It gives a hard link's mode to the file.
    ["Python's tarfile", "python3", PYTHON[format]],
  ] as const)("with %s", ([_name, program, line], { skip }) => {
    if (!has(program)) skip(`${program} is not installed here`);
    if (format === "tar.zst" && program !== "bsdtar" && !has("zstd"))
      skip(`${program} needs the zstd program, which is not installed here`);
    const target = join(scratch, "t", format, program, "b/c/d");
    mkdirSync(target, { recursive: true });
    const outcome = shell(`set -o pipefail; ${line}`, { env: { ...process.env, A: archive(format), T: target } });
    expect(outcome).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
    expectWorks(target);
  });
});

/** Lines of shell that print the names in $A, one a line. */
const LISTS = [
  ["tar.zst", "bsdtar", "bsdtar -tf $A"],
  ["tar.zst", "busybox", "zstd -dc $A | busybox tar -tf -"],
  ["tar.gz", "bsdtar", "bsdtar -tf $A"],
  ["tar.gz", "busybox", "busybox tar -tzf $A"],
  ["tar.gz", "python3", "python3 -m tarfile -l $A | sed 's/ $//'"],
  ["tar.gz", "java", `java "${join(import.meta.dirname, "ReadTar.java")}" $A`],
  ["tar", "bsdtar", "bsdtar -tf $A"],
  ["tar", "busybox", "busybox tar -tf $A"],
  ["tar", "python3", "python3 -m tarfile -l $A | sed 's/ $//'"],
] as const;

test.for(LISTS)("a .%s holds for %s what GNU tar sees in it", ([format, program, line], { skip }) => {
  for (const needed of [program, ...(format === "tar.zst" ? ["zstd"] : [])]) if (!has(needed)) skip(`${needed} is not installed here`);
  const list = (command: string): string[] => {
    const { status, stdout, stderr } = shell(`set -o pipefail; ${command}`, {
      env: { ...process.env, LC_ALL: "C.UTF-8", A: archive(format) },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  };
  const names = list("tar --quoting-style=literal -tf $A");
  expect(names.slice(0, 2)).toEqual([".envpack/", ".envpack/manifest.json"]);
  expect(names.at(-1)).toBe(".envpack/index.jsonl");
  expect(list(line)).toEqual(names);
});

test.for([
  ["tar.zst", "zstd"],
  ["tar.gz", "gzip"],
] as const)("a .%s passes the test of the program %s", ([format, program], { skip }) => {
  if (!has(program)) skip(`${program} is not installed here`);
  expect(shell(`${program} -q -t "${archive(format)}"`)).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
});

describe.each(FORMATS)("envpack unpack of .%s", (format) => {
  test("restores to the folder that is named, and verify agrees", () => {
    const target = join(scratch, "u", format, "a b", "é's");
    mkdirSync(join(target, ".."), { recursive: true });
    const outcome = envpack(["unpack", archive(format), target]);
    expect(outcome).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("every digest checked") });
    expectWorks(target);
    expect(envpack(["verify", target]).status).toBe(0);
    expect(envpack(["verify", archive(format)])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ok: /) });
  });

  test("reads stdin", () => {
    const target = join(scratch, "stdin", format);
    mkdirSync(join(target, ".."), { recursive: true });
    const outcome = shell(`envpack unpack - "${target}" < "${archive(format)}"`);
    expect(outcome).toMatchObject({ status: 0, stdout: "" });
    expectWorks(target);
  });
});

test("without a folder unpack makes one of the archive's name", () => {
  const folder = join(scratch, "here");
  mkdirSync(folder);
  expect(envpack(["unpack", archive("tar.gz"), "-q"], { cwd: folder })).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  expect(readdirSync(folder)).toEqual(["pantry"]);
});

test("pack to stdout, unpack from stdin, verify: one line of shell", () => {
  const target = join(scratch, "piped");
  const line = `set -o pipefail; envpack pack "${away}" ${SMALL.join(" ")} -o - | envpack unpack - "${target}" && envpack verify "${target}"`;
  const outcome = shell(line);
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ok: /) });
  expect(outcome.stderr).toContain("into stdout");
});

test("the default name tells name, version and platform, and lands in the current folder", () => {
  const folder = join(scratch, "default-name");
  mkdirSync(folder);
  expect(envpack(["pack", away, "-q", ...SMALL], { cwd: folder }).status).toBe(0);
  expect(readdirSync(folder)).toEqual([`acme-pantry-1.2.3-${process.platform}-${process.arch}.tar.zst`]);
});

test("pack without a path packs the project of the current folder, and leaves its own output out", () => {
  const copy = join(scratch, "in-place");
  expect(execute("cp", ["-a", away, copy]).status).toBe(0);
  expect(envpack(["pack", "-o", "build.tar.gz", ...SMALL], { cwd: copy }).status).toBe(0);
  // The second time the first output lies there already.
  expect(envpack(["pack", "-o", "build.tar.gz", "-f", ...SMALL], { cwd: copy }).stderr).toContain("the archive itself");
  const { stdout } = envpack(["list", join(copy, "build.tar.gz")]);
  expect(stdout).toContain("app/main.js\n");
  expect(stdout).not.toContain("build.tar.gz");
});

describe("the four reporting commands as JSON", () => {
  test("list gives every entry, of an archive and of what was restored from it", () => {
    const target = join(scratch, "json-target");
    const unpacked = JSON.parse(envpack(["unpack", "--json", archive("tar"), target]).stdout);
    const entries = JSON.parse(envpack(["list", "--json", archive("tar")]).stdout).entries;
    expect(unpacked).toMatchObject({ target, manifest: { name: "@acme/pantry" } });
    expect(unpacked.entries).toBe(entries.length);
    expect(entries).toContainEqual({
      type: "file",
      path: "app/assets/ünïcode name.txt",
      executable: false,
      size: 5,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.parse(envpack(["list", "--json", target]).stdout).entries).toEqual(entries);
    expect(JSON.parse(envpack(["verify", "--json", target]).stdout)).toMatchObject({ ok: true, differences: [] });
    const facts = JSON.parse(envpack(["info", "--json", target]).stdout);
    expect(facts).toMatchObject({
      kind: "folder",
      unfit: null,
      manifest: { bins: ["greet", "semver"], runtime: { version: process.versions.node } },
    });
  });

  test("pack --json tells what was written", () => {
    const output = join(scratch, "as-json.tar");
    const result = JSON.parse(envpack(["pack", away, "--json", "-o", output, ...SMALL]).stdout);
    expect(result).toMatchObject({ name: "@acme/pantry", output, format: "tar" });
    expect(result.leftOut).toContainEqual(expect.objectContaining({ path: "app/.env", reason: "secret" }));
    expect(execute("sha256sum", [output]).stdout).toContain(result.sha256);
  });
});

test("info is readable", () => {
  const { status, stdout } = envpack(["info", archive("tar.zst")]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^name +@acme\/pantry 1\.2\.3 \(project\)\n/);
  expect(stdout).toMatch(/^runs here +yes$/m);
  expect(stdout).toMatch(/^commands +greet semver$/m);
});

test("38: a reader that has seen enough ends list quietly with status 0", () => {
  const outcome = shell(`set -o pipefail; envpack list "${archive(WHOLE)}" | head -1`);
  expect(outcome).toEqual({ status: 0, signal: null, stdout: ".envpack/\n", stderr: "" });
});

test("a full disk behind stdout is an error of list", ({ skip }) => {
  if (!existsSync("/dev/full")) skip("there is no /dev/full here");
  const { status, stderr } = shell(`envpack list "${archive("tar.gz")}" > /dev/full`);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^envpack: error\[NO_SPACE\] cannot write to stdout: /);
});

describe("scripts elsewhere", () => {
  const root = join(scratch, "envs/pantry");
  const job = join(scratch, "jobs/job.mjs");
  beforeAll(() => {
    mkdirSync(join(scratch, "envs"));
    mkdirSync(join(scratch, "jobs"));
    expect(envpack(["unpack", "-q", archive("tar.zst"), root]).status).toBe(0);
    const code = 'import ms from "ms"; import { greet } from "greeter/loud"; console.log(ms("2h"), greet("job"), process.argv[2]);\n';
    writeFileSync(job, code);
  });
  const expected = { status: 0, signal: null, stdout: "7200000 HELLO JOB --fast\n", stderr: "" };

  test("import the environment's packages through its own envpack run", () => {
    expect(runElsewhere([join(root, "bin/envpack"), "run", job, "--fast"], [away])).toEqual(expected);
  });

  test("import them through envpack run with the environment named", () => {
    expect(envpack(["run", root, "--", job, "--fast"])).toEqual(expected);
  });

  test("import them out of an archive that is restored for this once", () => {
    expect(envpack(["run", archive("tar.zst"), "--", job, "--fast"])).toEqual(expected);
  });

  test.for(["bash", "zsh", "dash", "fish"])("import them after activation in %s", (name, { skip }) => {
    if (!has(name)) skip(`${name} is not installed here`);
    const line =
      name === "fish"
        ? `source ${root}/bin/activate.fish; node ${job} --fast`
        : `${name === "dash" ? "." : "source"} ${root}/bin/activate && node ${job} --fast`;
    // fish keeps a history and variables in the home, and complains where it cannot.
    const start = name === "fish" ? ["fish", "--no-config"] : [name];
    expect(runElsewhere([...start, "-c", line], [away])).toEqual(expected);
  });
});

test("run ends as its command ends", () => {
  const root = join(scratch, "envs/pantry");
  expect(envpack(["run", root, "--", "node", "-e", "process.exit(7)"]).status).toBe(7);
  expect(envpack(["run", root, "--", "node", "-e", "process.kill(process.pid, 'SIGTERM')"]).signal).toBe("SIGTERM");
  expect(envpack(["run", root, "--", "node", "-p", "process.argv.length", "--", "--x"]).stdout).toBe("2\n");
  expect(envpack(["run", root, "greet", "--", "you"]).stdout).toBe("hello --\n");
  expect(envpack(["run", root, "no-such-command"])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^envpack: error\[COMMAND_FAILED\] .*\nhint: /),
  });
});

test("48: verify lists what was edited, removed and added since", () => {
  const root = join(scratch, "edited");
  envpack(["unpack", "-q", archive("tar.gz"), root]);
  writeFileSync(join(root, "app/main.js"), "changed\n");
  renameSync(join(root, "app/packages/greeter/loud.js"), join(root, "app/packages/greeter/new.js"));
  const { status, stdout } = envpack(["verify", root]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^changed +app\/main\.js/m);
  expect(stdout).toMatch(/^missing +app\/packages\/greeter\/loud\.js/m);
  expect(stdout).toMatch(/^added +app\/packages\/greeter\/new\.js/m);
  expect(stdout).toMatch(/^3 differences in /m);
});

test("27: the archive's name does not decide how it is read", () => {
  const renamed = join(scratch, "renamed.tar.gz");
  copyFileSync(archive("tar.zst"), renamed);
  expect(envpack(["verify", renamed]).status).toBe(0);
});

test("37: 64 file descriptors are enough to pack and to unpack", ({ skip }) => {
  if (process.platform === "win32") skip("Windows has no ulimit");
  const output = join(scratch, "few.tar.zst");
  const line = `ulimit -n 64 && envpack pack "${away}" -q -o "${output}" && envpack unpack "${output}" "${output}.d" -q && envpack verify -q "${output}.d"`;
  expect(shell(line)).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
});
