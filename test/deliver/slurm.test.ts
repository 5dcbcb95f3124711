import { existsSync, lutimesSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bootFiles } from "../../src/deliver/slurm/boot.js";
import { explainSbatch } from "../../src/deliver/slurm/sbatch.js";
import { parseNodeFolder } from "../../src/deliver/slurm/script.js";
import type { Entry } from "../../src/archive/entry.js";
import type { EnvpackError } from "../../src/support/errors.js";
import { PORTABLE_CLI } from "../../src/archive/embedded.js";
import { type Outcome, runMain } from "../cli/in-process.js";
import { execute, makeScratch } from "../real/commands.js";
import { smallNode } from "../small-node.js";

/* Real jobs are in test/cluster/slurm. */
const scratch = makeScratch();
const project = join(scratch, "it's a project");
const archive = join(scratch, "it's.tar.gz");
/** Nothing of it is started here. */
const SMALL = ["--node", smallNode()];

const home = process.cwd();

beforeAll(async () => {
  mkdirSync(join(project, "node_modules"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "small", "version": "1.0.0" }');
  expect((await runMain("pack", project, "-q", ...SMALL, "-o", archive)).stderr).toBe("");
  expect((await runMain("pack", project, "-q", "--node", "none", "-o", join(scratch, "none.tar.gz"))).stderr).toBe("");
  process.chdir(scratch);
});
afterAll(() => {
  process.chdir(home);
});

async function deliver(args: readonly string[], command: readonly string[] = ["job.mjs"]): Promise<Outcome> {
  vi.stubEnv("PATH", "/nowhere");
  try {
    return await runMain("deliver", "slurm", ...args, "--", ...command);
  } finally {
    vi.unstubAllEnvs();
  }
}

describe("deliver slurm", () => {
  test("writes a script that any shell can read, with the options and the words as they were given", async () => {
    const words = ["job.mjs", "two words", "it's", "$(id)", "line\nbreak", "@NAME@", "\\"];
    const { status, stdout } = await deliver([archive, "-N", "3", "-n", "6", "--sbatch", "--time=5 --exclusive"], words);
    expect(status).toBe(0);
    expect(execute("sh", ["-n"], { input: stdout, stdio: ["pipe", "pipe", "pipe"] })).toMatchObject({ status: 0, stderr: "" });
    expect(stdout.split("\n").slice(0, 5)).toEqual([
      "#!/bin/sh",
      "#SBATCH --job-name=it-s",
      "#SBATCH --nodes=3",
      "#SBATCH --ntasks=6",
      "#SBATCH --time=5 --exclusive",
    ]);
    const last = stdout.slice(stdout.indexOf('run "$root" -- ') + 15, -1);
    expect(
      execute("sh", ["-c", `printf '%s\\0' ${last}`])
        .stdout.split("\0")
        .slice(0, -1),
    ).toEqual(words);
    expect(stdout).toContain(`archive='${archive.replace("'", "'\\''")}'`);
  });

  test("is the same for the same archive, and for the API", async () => {
    const script = (await deliver([archive, "-q"])).stdout;
    expect((await deliver([archive, "-q"])).stdout).toBe(script);
    const { deliverSlurm } = await import("../../src/index.js");
    const result = await deliverSlurm({ archive, command: ["job.mjs"] });
    expect(result).toMatchObject({ script, output: null, job: null, notices: [] });
    expect(script).toContain(result.sha256.slice(0, 16));
  });

  test.each(["zstd", "xz", "bzip2"])("says that nodes need %s, which not every system has", async (program) => {
    const { deliverSlurm } = await import("../../src/index.js");
    const other = join(scratch, `small.tar.${program === "zstd" ? "zst" : program === "bzip2" ? "bz2" : program}`);
    expect((await runMain("pack", project, "-q", ...SMALL, "-o", other)).stderr).toBe("");
    const { notices } = await deliverSlurm({ archive: other, command: ["job.mjs"] });
    expect(notices).toMatchObject([
      { code: `NODES_NEED_${program.toUpperCase()}`, message: expect.stringContaining(`need the program ${program} to read`) as string },
    ]);
  });

  test("writes it to a file, which is not replaced without being asked", async () => {
    const output = join(scratch, "scripts/job.sh");
    expect(await deliver([archive, "-q", "-o", output])).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const { mtimeMs } = statSync(output);
    expect((await deliver([archive, "-o", output], ["other"])).stderr).toMatch(/error\[OUTPUT_EXISTS\]/);
    expect(statSync(output).mtimeMs).toBe(mtimeMs);
    expect((await deliver([archive, "-f", "-o", output], ["other"])).status).toBe(0);
    expect(readFileSync(output, "utf8")).toContain("-- other\n");
    expect(readdirSync(join(scratch, "scripts"))).toEqual(["job.sh"]);
  });

  test.each([
    ["a folder", ["."], /error\[USAGE\] an archive is delivered, not a folder/],
    ["nothing there", ["nowhere.tar.gz"], /error\[IO\]/],
    ["an archive without a runtime", ["none.tar.gz"], /error\[ARCHIVE_UNFIT\] the archive brings no Node.js/],
    ["a relative folder on the nodes", ["it's.tar.gz", "--to", "envs"], /error\[USAGE\] not a folder that every node has/],
    ["no option of sbatch", ["it's.tar.gz", "--sbatch", "partition=x"], /error\[USAGE\] not an option of sbatch/],
    ["two lines as one option", ["it's.tar.gz", "--sbatch", "--x\nrm -rf /"], /error\[USAGE\] not an option of sbatch/],
    ["no sbatch to submit with", ["it's.tar.gz", "--submit"], /error\[COMMAND_FAILED\] cannot submit: there is no sbatch here/],
  ])("refuses %s in a line and a hint", async (_what, args, message) => {
    const { status, stdout, stderr } = await deliver(args);
    expect([status === 1 || status === 2, stdout]).toEqual([true, ""]);
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(message), expect.stringMatching(/^hint: /)]);
  });

  test("refuses a layer, which is no whole environment, by its name", async () => {
    writeFileSync(join(project, "package.json"), '{ "name": "small", "version": "1.1.0" }');
    expect((await runMain("pack", project, "-q", ...SMALL, "-o", join(scratch, "next.tar.gz"))).stderr).toBe("");
    expect((await runMain("layer", archive, join(scratch, "next.tar.gz"), "-q", "-o", join(scratch, "layer.tar.gz"))).stderr).toBe("");
    expect(await deliver(["layer.tar.gz"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/error\[LAYER_BASE\] .*layer\.tar\.gz\nhint: /) as string,
    });
  });

  test("refuses a damaged archive before anything is submitted", async () => {
    const bytes = readFileSync(archive);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(scratch, "damaged.tar.gz"), bytes);
    expect(await deliver(["damaged.tar.gz", "--submit"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/error\[(ARCHIVE_CORRUPT|DIGEST_MISMATCH)\]/) as string,
    });
  });
});

describe("the lock on a node", () => {
  const bin = join(scratch, "bin");
  const folder = join(scratch, `nodes/envpack-${process.getuid?.() ?? ""}`);
  let script = "";
  let lock = "";

  beforeAll(async () => {
    mkdirSync(bin);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    script = (await deliver([archive, "--to", join(scratch, "nodes")])).stdout;
    lock = join(folder, `.${/^name='?([^'\n]+)/m.exec(script)?.[1] ?? ""}.lock`);
  });

  /** Runs the script as job 7 on one node, as far as to where the archive is sent, which fails; with programs beside Slurm's. */
  function sendAs7(programs: Readonly<Record<string, string>>): void {
    const slurm = {
      srun: 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"',
      sbcast: `readlink '${lock}' >sent; exit 1`,
      scontrol:
        'case "$*" in *" 8") echo "Invalid job id specified";; *) echo "JobId=9 JobName=x JobState=RUNNING Reason=None Restarts=0 ";; esac',
    };
    for (const [name, text] of Object.entries({ ...slurm, ...programs }))
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:/usr/bin:/bin`, SLURM_JOB_ID: "7", SLURM_JOB_NUM_NODES: "1", SLURMD_NODENAME: "n1" };
    const { status, stderr } = execute("sh", ["-s"], { input: script, stdio: ["pipe", "pipe", "pipe"], cwd: scratch, env });
    expect([status, stderr]).toEqual([1, expect.stringContaining("the archive did not reach every node")]);
    expect(readFileSync(join(scratch, "sent"), "utf8")).toBe("7.0\n");
  }

  test("of a dead job goes after two days, with what that left; of one that runs it stays", () => {
    const old = Date.now() / 1000 - 3 * 86_400;
    for (const [name, holder] of Object.entries({ dead: "8.0", held: "9.0" })) {
      symlinkSync(holder, join(folder, `.${name}.lock`));
      lutimesSync(join(folder, `.${name}.lock`), old, old);
      mkdirSync(join(folder, `.boot-${name}.${holder}`));
    }
    sendAs7({});
    expect(readdirSync(folder).sort()).toEqual([".boot-held.9.0", ".held.lock"]);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  });

  test("is not taken away where another job made it in the moment between looking and taking away", () => {
    // What stands for the lock is nobody's, and a job beside this one takes it away. If this one does so after that, a third has locked.
    writeFileSync(lock, "");
    sendAs7({
      flock: `[ -h '${lock}' ] || /bin/rm -f '${lock}'`,
      rm: `case " $* " in *" ${lock} "*) [ -h '${lock}' ] || { ln -s 9.0 '${lock}'; echo >taken; };; esac; exec /bin/rm "$@"`,
    });
    expect([existsSync(join(scratch, "taken")), readdirSync(folder)]).toEqual([false, []]);
  });
});

describe("a folder on the nodes", () => {
  const expand = (folder: string, env: NodeJS.ProcessEnv): string =>
    execute("sh", ["-c", `printf %s ${parseNodeFolder(folder)}`], { env }).stdout;

  test("is taken to the letter, but for the variable that it begins with", () => {
    expect(expand("/scratch/my envs/$X", {})).toBe("/scratch/my envs/$X");
    expect(expand("/scratch/", {})).toBe("/scratch");
    expect(expand("/", {})).toBe("/");
    expect(expand("$T/a b/$X", { T: "/t mp" })).toBe("/t mp/a b/$X");
    expect(expand("${T}", { T: "/t" })).toBe("/t");
    expect(execute("sh", ["-c", parseNodeFolder("$T")]).stderr).toContain("is not set on the node");
    expect(execute("sh", ["-c", `printf %s ${parseNodeFolder(undefined)}`], { env: {} }).stdout).toBe("/tmp");
  });
});

test("what comes out of the archive first is node with all that its links need, and the libraries beside it", () => {
  const file = (path: string): Entry => ({ type: "file", path, executable: true, size: 1, sha256: "0".repeat(64) });
  const link = (path: string, target: string): Entry => ({ type: "symlink", path, target });
  const runtime = { name: "node", version: "22.1.0", abi: "127", napi: "9", hook: "import" } as const;
  const entries = [
    link("bin/node", "../opt/node"),
    file("opt/node"),
    file(PORTABLE_CLI),
    link("lib/libuv.so", "libuv.so.1"),
    file("lib/libuv.so.1"),
    file("lib/node_modules/x.so"),
    file("lib/text.txt"),
  ];
  expect(bootFiles(entries, { runtime }, "x")).toEqual(["bin/node", "opt/node", PORTABLE_CLI, "lib/libuv.so", "lib/libuv.so.1"]);
  for (const lacking of [
    entries.slice(1),
    entries.filter(({ path }) => path !== PORTABLE_CLI),
    [link("bin/node", "node"), file(PORTABLE_CLI)],
  ]) {
    expect(() => bootFiles(lacking, { runtime }, "x")).toThrow(/too old/);
  }
});

test.each([
  ["sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", "ENGINE_UNREACHABLE"],
  [
    "sbatch: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\nsbatch: fatal: Could not establish a configuration source",
    "ENGINE_UNREACHABLE",
  ],
  ["sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified", "NO_PERMISSION"],
  ["sbatch: unrecognized option '--nodez=3'\nTry \"sbatch --help\" for more information", "USAGE"],
  [
    "sbatch: error: invalid partition specified: none\nsbatch: error: Batch job submission failed: Invalid partition name specified",
    "COMMAND_FAILED",
  ],
  ["", "COMMAND_FAILED"],
])("what sbatch says becomes one line: %s", (said, code) => {
  const error: EnvpackError = explainSbatch(said);
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/\n|sbatch: /);
  expect(error.hint).toBeDefined();
});
