import { spawn, spawnSync, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../../src/verbs/run/run.js";
import { FORMER_LTS, NEWEST_LTS, bringNode } from "../node-versions.mjs";
import { ENVPACK, envpack, execute, has, makeScratch, type Outcome } from "../real/commands.js";

const scratch = makeScratch();
const archive = join(scratch, "shop.tar");
const environment = join(scratch, "deep/er/an env");
const jobs = join(scratch, "jobs");

/** Tells what it is, and what reaches it: a line a signal, until a line comes in. */
const JOB = `import ms from "ms"; import { fstatSync, readFileSync } from "node:fs";
const caught = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGWINCH", "SIGCONT"];
for (const name of caught) process.on(name, () => console.log(name));
let third = null; try { fstatSync(3); third = readFileSync(3, "utf8"); } catch {}
console.log(JSON.stringify({ pid: process.pid, parent: process.ppid, ms: ms("1s"), third, listen: process.env.LISTEN_PID ?? null, args: process.argv.slice(2) }));
process.stdin.on("data", () => process.exit(7)); setTimeout(() => process.exit(8), 20000);`;

beforeAll(() => {
  const project = join(scratch, "shop");
  for (const folder of [project, jobs]) mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(project, "package.json"),
    '{ "name": "shop", "version": "1.0.0", "dependencies": { "ms": "2.1.3", "is-number": "7.0.0" } }',
  );
  expect(execute("npm", ["install", "--silent", "--no-audit", "--no-fund"], { cwd: project }).status).toBe(0);
  expect(envpack(["pack", project, "-q", "-o", archive])).toMatchObject({ status: 0, stderr: "" });
  expect(envpack(["unpack", "-q", archive, environment])).toMatchObject({ status: 0, stderr: "" });
  renameSync(project, join(scratch, "gone"));
  writeFileSync(join(jobs, "job.mjs"), JOB);
  writeFileSync(join(jobs, "third"), "socket");
});

/** Starts a command line and gives it to `talk` once the job has said what it is. */
async function talkTo(
  words: readonly string[],
  talk: (seen: Seen, child: ChildProcess) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<{ seen: Seen; lines: string[]; status: number | null }> {
  const third = openSync(join(jobs, "third"), "r");
  const stdio: StdioOptions = ["pipe", "pipe", "inherit", third];
  const [program = "", ...args] = words;
  const child = spawn(program, args, { cwd: jobs, stdio, env: { ...process.env, TMPDIR: scratch, ...env } });
  closeSync(third);
  const lines: string[] = [];
  let text = "";
  return new Promise((settle, fail) => {
    child.once("error", fail);
    child.stdout?.on("data", (data: Buffer) => {
      text += data.toString();
      const all = text.split("\n");
      text = all.pop() ?? "";
      for (const line of all) {
        lines.push(line);
        if (lines.length === 1) talk(JSON.parse(line) as Seen, child);
        // Whichever is the last: the threads of a process take signals side by side.
        else if (lines.length === 1 + SIGNALS.length) child.stdin?.write("end\n");
      }
    });
    child.once("close", (status) => settle({ seen: JSON.parse(lines[0] ?? "{}") as Seen, lines: lines.slice(1), status }));
  });
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly ms: number;
  readonly third: string | null;
  readonly listen: string | null;
  readonly args: string[];
}

const SIGNALS = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGCONT"] as const;

function sendAll(child: ChildProcess): void {
  for (const signal of SIGNALS) child.kill(signal);
}

const newest = join(bringNode(NEWEST_LTS) ?? "", "node");
const inside = (): string[] => [join(environment, "bin/envpack"), "run"];

describe("W1: the command of bin/envpack run", () => {
  test("W1: is the process that was started, and gets every signal and descriptor", async () => {
    for (const words of [
      ["job.mjs", "a b"],
      ["--", "./job.mjs", "a b"],
      ["node", "job.mjs", "a b"],
      ["--", "sh", "-c", 'exec node job.mjs "$@"', "sh", "a b"],
    ]) {
      const ids: (number | undefined)[] = [];
      const { seen, lines, status } = await talkTo([...inside(), ...words], (_, child) => {
        ids.push(child.pid);
        sendAll(child);
      });
      expect(seen).toMatchObject({ pid: ids[0], parent: process.pid, ms: 1000, third: "socket", args: ["a b"] });
      expect([[...lines].sort(), status]).toEqual([[...SIGNALS].sort(), 7]);
    }
  });

  test("W1: ends as it ends, by status and by signal", () => {
    const end = (...words: string[]): unknown => {
      const { status, signal } = spawnSync(inside()[0] ?? "", ["run", ...words], { cwd: jobs });
      return status ?? signal;
    };
    expect([
      end("sh", "-c", "exit 3"),
      end("node", "-e", "process.kill(process.pid, 'SIGUSR2')"),
      end("--", "sh", "-c", "kill -9 $$"),
    ]).toEqual([3, "SIGUSR2", "SIGKILL"]);
  });

  test("W1: sees the variables that the tool itself would set, and none of the launcher's", () => {
    const print = "process.stdout.write(JSON.stringify(process.env))";
    const env = { PATH: "/usr/bin:/bin", NODE_OPTIONS: "--no-warnings", root: "mine", file: "mine", command: "mine" };
    const shell = JSON.parse(execute(join(environment, "bin/envpack"), ["run", "node", "-e", print], { env }).stdout) as NodeJS.ProcessEnv;
    const tool = JSON.parse(
      execute(join(environment, "bin/node"), [join(environment, ".envpack/envpack.cjs"), "run", "node", "-e", print], { env }).stdout,
    ) as NodeJS.ProcessEnv;
    const { PWD: _pwd, OLDPWD: _old, SHLVL: _level, _: _last, ...seen } = shell;
    expect(seen).toEqual(tool);
    expect(seen).toMatchObject({
      PATH: `${environment}/bin:/usr/bin:/bin`,
      root: "mine",
      file: "mine",
      command: "mine",
      ENVPACK_NAME: "shop",
    });
  });

  test("W1: finds the system's programs where there is no PATH at all", () => {
    const { stdout, status } = execute(inside()[0] ?? "", ["run", "sh", "-c", "uname -s; command -v node"], { env: {} });
    expect([stdout.split("\n").slice(1), status]).toEqual([[join(environment, "bin/node"), ""], 0]);
  });

  test("W1: is told apart from options, archives, other environments and what is not there", () => {
    const at = (words: readonly string[]): Outcome => execute(inside()[0] ?? "", ["run", ...words], { cwd: jobs });
    expect(at(["nosuch"])).toMatchObject({ status: 1, stderr: expect.stringContaining("error[COMMAND_FAILED] no such command") as string });
    expect(at(["--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage: envpack run") as string });
    expect(at([])).toMatchObject({ status: 2 });
    expect(at([environment, "--", "node", "-p", "40 + 2"])).toMatchObject({ status: 0, stdout: "42\n" });
    expect(at([archive, "--", "node", "-p", "40 + 3"])).toMatchObject({ status: 0, stdout: "43\n" });
    expect(at(["--add", "job.mjs", "node", "-p", "40 + 4"])).toMatchObject({ status: 0, stdout: "44\n" });
  });
});

describe("W1: the command of an installed envpack", () => {
  test("W1: takes its place where Node can, with the signals that Node ignores given back", () => {
    const { stdout, status } = execute(
      newest,
      [ENVPACK, "run", environment, "--", "sh", "-c", "echo $PPID; grep -i sigign /proc/self/status; yes | head -n 1"],
      { cwd: jobs },
    );
    const [parent, ignored, first] = stdout.split("\n");
    expect([parent, status, first]).toEqual([String(process.pid), 0, "y"]);
    expect(BigInt(`0x${ignored?.split(/\s+/)[1]}`) & ((1n << 12n) | (1n << 24n))).toBe(0n);
    const script = execute(newest, [ENVPACK, "run", environment, "--", "node", "-p", "process.ppid"], { cwd: jobs });
    expect(script).toMatchObject({ stdout: `${process.pid}\n`, stderr: "", status: 0 });
  });

  test("W1: what the kernel refuses to start is told in a line, also by a Node.js that is aborted where it tries", () => {
    const bad = join(jobs, "bad");
    mkdirSync(bad, { recursive: true });
    const binary = readFileSync("/bin/true");
    const other = Buffer.from(binary);
    // e_machine of the ELF header: s390, which no Node.js here runs on.
    other.writeUInt16LE(22, 18);
    const files = new Map<string, string | Buffer>([
      ["lost", "#!/no/such/interpreter\n"],
      ["lost-by-another", `#!${join(bad, "lost")}\n`],
      ["unloaded", Buffer.from(binary.toString("latin1").replace(/\/ld-[a-z]/, "/no-a"), "latin1")],
    ]);
    for (const [name, content] of [...files, ["foreign", other] as const]) writeFileSync(join(bad, name), content, { mode: 0o755 });
    const much = Array.from({ length: 9 }, () => "x".repeat(100_000));
    for (const node of [join(bringNode(FORMER_LTS) ?? "", "node"), newest]) {
      const start = (...command: string[]): Outcome => execute(node, [ENVPACK, "run", environment, "--", ...command]);
      for (const name of files.keys()) {
        const { status, stdout, stderr } = start(join(bad, name));
        expect([name, status, stdout, stderr]).toEqual([
          name,
          1,
          "",
          expect.stringMatching(/^envpack: error\[[A-Z_]+\] [^\n]+\n(hint: [^\n]+\n)?$/),
        ]);
      }
      // A shell takes it for a script, and says so.
      expect(start(join(bad, "foreign")).stderr).toMatch(/^[^\n]*foreign: [^\n]*\n$/);
      expect(start("node", "-p", "process.argv.length", ...much)).toMatchObject({ status: 0, stdout: "10\n", stderr: "" });
    }
  });

  test.each([
    ["of an environment, on this Node", process.execPath, (): string[] => [environment]],
    ["of an archive", process.execPath, (): string[] => [archive]],
    ["of an archive, on the newest Node", newest, (): string[] => [archive]],
    ["with --add", process.execPath, (): string[] => ["--add", "job.mjs", environment]],
  ])("W1: gets every signal and descriptor as a child: %s", async (_, node, x) => {
    const { seen, lines, status } = await talkTo([node, ENVPACK, "run", ...x(), "--", "job.mjs", "a b"], (_seen, child) => sendAll(child));
    expect(seen).toMatchObject({ ms: 1000, third: "socket", args: ["a b"] });
    expect([[...lines].sort(), status]).toEqual([[...SIGNALS].sort(), 7]);
    expect(readdirSync(scratch).filter((name) => name.startsWith("envpack-run-"))).toEqual([]);
  });

  test("W1: is the process that activated sockets are for", async () => {
    const wrapper = `LISTEN_PID=$$ exec "$@"`;
    const { seen } = await talkTo(["sh", "-c", wrapper, "sh", process.execPath, ENVPACK, "run", environment, "job.mjs"], (_, child) =>
      child.stdin?.write("end\n"),
    );
    expect([seen.listen, seen.third]).toEqual([String(seen.pid), "socket"]);
  });

  test("W1: the API tells 128 + n of a command that a signal ended", async () => {
    const ended = await run({ path: environment, command: "sh", args: ["-c", "kill -USR2 $$"] });
    expect(ended).toEqual({ status: 128 + constants.signals.SIGUSR2, signal: "SIGUSR2" });
  });
});

describe("a restored folder", () => {
  test("W4: scripts beside it import its packages where it was unpacked into the folder that one works in", () => {
    const work = join(scratch, "work");
    mkdirSync(join(work, "jobs/deep"), { recursive: true });
    expect(execute("tar", ["-xf", archive, "-C", work]).status).toBe(0);
    writeFileSync(join(work, "jobs/a.mjs"), 'import ms from "ms"; console.log(ms("1s"))');
    writeFileSync(
      join(work, "jobs/deep/b.cjs"),
      'console.log(require("ms")("2s")); import("ms").then((m) => console.log(m.default("3s")))',
    );
    writeFileSync(join(work, "c.mjs"), 'import ms from "ms"; console.log(ms("4s"))');
    for (const node of [join(work, "bin/node"), newest]) {
      const NODE_OPTIONS = `--require=${work}/.envpack/hook.cjs`;
      const seen = ["jobs/a.mjs", "jobs/deep/b.cjs", "c.mjs"].map((file) => execute(node, [join(work, file)], { env: { NODE_OPTIONS } }));
      expect(seen.map(({ stdout, stderr }) => stdout + stderr)).toEqual(["1000\n", "2000\n3000\n", "4000\n"]);
    }
    expect(execute(join(work, "bin/envpack"), ["run", "jobs/a.mjs"], { cwd: work }).stdout).toBe("1000\n");
  });

  test("W4: its own files get no help, lest a missing dependency be hidden", () => {
    const work = join(scratch, "work");
    const NODE_OPTIONS = `--require=${work}/.envpack/hook.cjs`;
    // One that the archive brought, from where no node_modules folder has the package.
    const own = join(work, ".envpack/envpack.cjs");
    for (const node of [join(work, "bin/node"), newest]) {
      writeFileSync(own, 'require("is-number")');
      expect(execute(node, [own], { env: { NODE_OPTIONS } }).stderr).toContain("Cannot find module 'is-number'");
      writeFileSync(own, 'import("is-number").catch((error) => console.log(error.code))');
      expect(execute(node, [own], { env: { NODE_OPTIONS } }).stdout).toBe("ERR_MODULE_NOT_FOUND\n");
    }
  });

  test("W5: run, unpack and doctor say that PATH cannot hold a colon", () => {
    const colon = join(scratch, "rel-2026-11-28T05:58/env");
    const unpacked = envpack(["unpack", archive, colon]);
    expect(unpacked).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        /cannot be activated here: PATH cannot hold[^\n]*\n(.*\n)*hint: move it to a folder without ":"/,
      ) as string,
    });
    for (const ended of [
      envpack(["run", colon, "--", "node", "-p", "1"]),
      execute(join(colon, "bin/envpack"), ["run", "node", "-p", "1"]),
    ]) {
      expect(ended).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(
          /^envpack: error\[TARGET_UNSUITABLE\] .*\nhint: move it to a folder without ":" in its path\n$/,
        ) as string,
      });
    }
    for (const args of [
      ["doctor", colon],
      ["doctor", archive, "--target", join(scratch, "other:one")],
    ]) {
      expect(envpack(args)).toMatchObject({ status: 1, stdout: expect.stringContaining('PATH cannot hold a folder with ":"') as string });
    }
    // The hint cures.
    renameSync(colon, join(scratch, "moved"));
    expect(envpack(["run", join(scratch, "moved"), "--", "node", "-p", "1"])).toMatchObject({ status: 0, stdout: "1\n" });
  });

  test("W9: every entry says that .envpack was lost, what loses it and what does not", () => {
    const copied = join(scratch, "copied");
    mkdirSync(copied);
    expect(execute("sh", ["-c", 'cp -a "$1"/* "$2"', "sh", environment, copied]).status).toBe(0);
    expect(existsSync(join(copied, ".envpack"))).toBe(false);
    const says = /^envpack: error\[NOT_AN_ENVIRONMENT\] [^\n]*\.envpack[^\n]*\nhint: [^\n]*cp -a dir target[^\n]*\n$/;
    const entries = [
      execute(join(copied, "bin/envpack"), ["run", "node", "-p", "1"]),
      execute(join(copied, "bin/envpack"), ["verify"]),
      ...["verify", "doctor", "info"].map((verb) => envpack([verb, copied])),
      envpack(["run", copied, "--", "node", "-p", "1"]),
    ];
    for (const { status, stdout, stderr } of entries) expect([status, stdout, says.test(stderr) ? "" : stderr]).toEqual([1, "", ""]);
    // The hint cures.
    rmSync(copied, { recursive: true });
    cpSync(environment, copied, { recursive: true, verbatimSymlinks: true });
    expect(execute(join(copied, "bin/envpack"), ["verify", "-q"])).toMatchObject({ status: 0 });
  });
});

describe("N10: without a shell", () => {
  test.skipIf(!has("bwrap"))("N10: bin/node .envpack/envpack.cjs runs, verifies, looks and tells", () => {
    const libraries = ["/lib", "/lib64", "/usr/lib"]
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => ["--ro-bind", folder, folder]);
    const base = [
      ...libraries,
      "--bind",
      environment,
      "/env",
      "--ro-bind",
      jobs,
      "/jobs",
      "--proc",
      "/proc",
      "--dev",
      "/dev",
      "--tmpfs",
      "/tmp",
      "--clearenv",
    ];
    const at = (...args: string[]): Outcome => execute("bwrap", [...base, "/env/bin/node", "/env/.envpack/envpack.cjs", ...args]);
    expect(at("run", "--", "node", "-e", "require('fs').existsSync('/bin/sh') || console.log(require('ms')('1s'))")).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "1000\n",
    });
    for (const verb of ["verify", "info", "doctor"])
      expect(at(verb)).toMatchObject({ status: 0, stderr: expect.not.stringContaining("error") as string });
    expect(at("run", "envpack", "--version")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/what its first line names to run it is not on this machine.*\nhint: .*`run -- node PATH`/) as string,
    });
    // The registry's own runtimes bring no npm.
    if (existsSync(join(environment, "lib/node_modules/npm")))
      expect(
        at(
          "run",
          "--",
          "node",
          "-e",
          "process.env.HOME = '/tmp'; process.argv.splice(1, 0, 'npm', '--version'); require('/env/lib/node_modules/npm/bin/npm-cli.js')",
        ),
      ).toMatchObject({ status: 0 });
  });
});

test("W2: a uid without a name and without HOME gets sentences, never a stack", () => {
  const options = { uid: 54321, gid: 54321, env: { PATH: "/usr/bin:/bin" } };
  if (process.getuid?.() !== 0) return;
  const tool = join(scratch, "tool");
  mkdirSync(tool);
  execute("chmod", ["-R", "a+rX", scratch]);
  const bin = [join(environment, "bin/envpack")];
  const [program = ""] = bin;
  for (const args of [
    ["verify", "/nosuch"],
    ["info", "/nosuch"],
    ["unpack", "/nosuch", "/tmp/x"],
    ["run", "nosuch"],
  ]) {
    const { status, stderr } = execute(program, args, options);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^envpack: error\[[A-Z_]+\] .*\n(hint: .*\n)?$/)]);
  }
  expect(execute(program, ["run", "node", "-p", "require('ms')('1s')"], { ...options, cwd: "/" })).toMatchObject({
    status: 0,
    stdout: "1000\n",
  });
  expect(readFileSync(join(environment, ".envpack/manifest.json"), "utf8")).toContain("shop");
});
