import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ENVPACK, envpack, execute, makeScratch, shell, type Outcome } from "../../real/commands.js";
import { buildSample } from "../../real/sample.js";
import { linesOf } from "../document.js";
import { Cluster, NODES, type Ended, slurmMissing } from "./cluster.js";

const scratch = makeScratch();
const shared = join(scratch, "shared");
const project = join(scratch, "pantry");
const folder = join(shared, "my envs");
const archive = join(folder, "shop.tar.gz");
const cluster = new Cluster(shared);
const missing = slurmMissing();

const JOB = `import ms from "ms";
import { hostname } from "node:os";
import { existsSync } from "node:fs";
console.log(JSON.stringify({ task: process.env.SLURM_PROCID, node: process.env.SLURMD_NODENAME, host: hostname(), day: ms("1d"), args: process.argv.slice(2), exe: process.execPath, source: existsSync(${JSON.stringify(project)}) }));
`;

beforeAll(async () => {
  if (missing !== null) return;
  mkdirSync(project);
  mkdirSync(shared);
  // Another user submits from there.
  for (const folder of [scratch, shared]) chmodSync(folder, 0o777);
  buildSample(project);
  writeFileSync(join(project, "hook.cjs"), "");
  expect(envpack(["pack", project, "-q", "-o", archive]).stderr).toBe("");
  writeFileSync(join(shared, "job.mjs"), JOB);
  await cluster.start();
});

afterAll(() => cluster.stop());

beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

/** Submits through envpack and waits for the job's end. */
async function submit(args: readonly string[], command: readonly string[] = ["job.mjs"]): Promise<Outcome & Ended> {
  const outcome = deliver([...args, "--submit", "--json"], command);
  if (outcome.status !== 0) return { ...outcome, state: "", printed: "" };
  const { job } = JSON.parse(outcome.stdout) as { job: string };
  return { ...outcome, ...(await cluster.untilEnded(job)) };
}

function deliver(args: readonly string[], command: readonly string[]): Outcome {
  const words = [process.execPath, ENVPACK, "deliver", "slurm", ...args, "--", ...command];
  return execute("timeout", ["--kill-after=5", "100", ...words], { cwd: shared, env: { ...cluster.env, ...activated } });
}

/** As if an environment were activated that the nodes do not have. */
const activated = { ENVPACK_PREFIX: project, NODE_OPTIONS: `--require=${join(project, "hook.cjs")}` };

/** What the twenty tasks of an array printed, once they have all ended. */
async function arrayPrinted(job: string, output: (task: number) => string): Promise<string[]> {
  await expect.poll(() => cluster.client("squeue", ["--noheader", "--job", job]).stdout, { timeout: 300_000, interval: 500 }).toBe("");
  return Array.from({ length: 20 }, (_, at) => readFileSync(output(at), "utf8"));
}

interface Report {
  readonly node: string;
  readonly host: string;
  readonly day: number;
  readonly args: readonly string[];
  readonly exe: string;
  readonly source: boolean;
}

function reports(printed: string): Report[] {
  return printed
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Report)
    .sort((a, b) => a.node.localeCompare(b.node));
}

/** A node's error and its hint. Slurm may print other lines between the two. */
function failureOf(node: string, printed: string): string[] {
  const named = `envpack: ${node}: `;
  return printed
    .split("\n")
    .filter((line) => line.startsWith(named))
    .map((line) => line.slice(named.length))
    .filter((line) => /^(error|hint): /.test(line));
}

describe("deliver slurm", () => {
  const words = ["job.mjs", "two words", "it's", '"$HOME"', "a\nb", "*", "", "@NAME@", "--nodes"];

  test("runs a command with the environment in every task of three nodes that have nothing but the archive", async () => {
    const { stderr, state, printed } = await submit([archive, "-N", "3", "--sbatch", "--ntasks-per-node=2"], words);
    expect([stderr, state]).toEqual(["", "COMPLETED"]);
    const all = reports(printed);
    expect(all.map(({ node }) => node).sort()).toEqual(["n1", "n1", "n2", "n2", "n3", "n3"]);
    for (const { args, day, source, exe, host, node } of all) {
      expect([args, day, source, host]).toEqual([words.slice(1), 86_400_000, false, node]);
      expect(exe).toMatch(/^\/tmp\/envpack-0\/shop-[0-9a-f]{16}\/bin\/node$/);
    }
    for (const files of (await cluster.on(NODES, "ls -A /tmp/envpack-0")).values()) expect(files).toMatch(/^shop-[0-9a-f]{16}$/);
  });

  test("does what docs/clusters.md says", async () => {
    const [pack, ...lines] = linesOf("Slurm");
    expect(pack).toBe("envpack pack -o shop.tar.gz");
    copyFileSync(join(shared, "job.mjs"), join(folder, "job.mjs"));
    const ended: string[] = [];
    for (const line of lines) {
      const { status, stdout, stderr } = shell(line, { cwd: folder, env: { ...cluster.env, LOCAL_SCRATCH: "/tmp/local" } });
      expect([line, status, status === 0 ? "" : stderr]).toEqual([line, 0, ""]);
      const job = /\bjob (\d+)/.exec(stdout + stderr)?.[1];
      if (job === undefined) continue;
      if (line.includes("--array=0-19")) {
        expect((await arrayPrinted(job, (at) => join(folder, `slurm-${job}_${at}.out`))).map((text) => reports(text).length)).toEqual(
          Array(20).fill(1),
        );
      } else {
        ended.push((await cluster.untilEnded(job, folder)).printed);
      }
    }
    const [script = "", version = "", removed = ""] = ended;
    expect(reports(script).map(({ args }) => args)).toEqual(Array(6).fill(["--fast"]));
    // On a busy machine srun says that it waits for the step before.
    expect(version.split("\n").filter((line) => !line.startsWith("srun: "))).toEqual([...Array<string>(3).fill(process.version), ""]);
    expect(reports(removed).map(({ exe }) => exe.split("/").slice(0, 4).join("/"))).toEqual(Array(3).fill("/tmp/local/envpack-0"));
    expect(ended).toHaveLength(3);
  });

  test("finds the environment in the next job, and needs the archive no more", async () => {
    const before = await cluster.on(NODES, `stat -c %Z ${environment()}`);
    const hidden = `${archive}.hidden`;
    const script = join(shared, "again.sh");
    expect(deliver([archive, "-N", "3", "-o", script, "-q"], ["job.mjs"])).toMatchObject({ stderr: "", status: 0 });
    renameSync(archive, hidden);
    const { state, printed } = await cluster.run(script);
    renameSync(hidden, archive);
    expect([state, reports(printed).length]).toEqual(["COMPLETED", 3]);
    expect(await cluster.on(NODES, `stat -c %Z ${environment()}`)).toEqual(before);
  });

  test("names the node whose copy was damaged, and runs nothing there", async () => {
    await cluster.on(["n2"], `echo '// more' >> ${environment()}/app/node_modules/ms/index.js`);
    const { state, printed } = await submit([archive, "-N", "3"]);
    expect([state, reports(printed)]).toEqual(["FAILED", []]);
    expect(printed).toContain("envpack: n2: changed  app/node_modules/ms/index.js");
    expect(failureOf("n2", printed)).toEqual([
      `error: the copy on this node is not as it was packed: ${environment()}`,
      expect.stringMatching(/^hint: envpack verify \/tmp\/.* --repair ARCHIVE /),
    ]);
    expect(printed).not.toMatch(/n1: |n3: /);
    await cluster.on(["n2"], `${environment()}/bin/envpack verify ${environment()} --repair '${archive}'`);
    expect((await submit([archive, "-N", "3"])).state).toBe("COMPLETED");
  });

  test("tells the one worker that has drifted by the reports of all", async () => {
    const [report = "", diff = "", doctor = ""] = linesOf("When workers disagree").map((line) =>
      line.replaceAll("/tmp/envpack-0/shop-DIGEST", environment()),
    );
    const gather = (): Outcome => shell(`${report} && ${diff}`, { cwd: shared, env: cluster.env });
    const { status: same, stderr } = gather();
    expect([same, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    await cluster.on(["n3"], `echo 'exports.x = 1' >> ${environment()}/app/node_modules/semver/index.js`);
    const { status, stdout } = gather();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^app\/node_modules\/semver\/index\.js +as packed +changed: .* on n3$/m);
    expect(stdout).toMatch(/^different: n3 \(1 of 3\): 1 path$/m);
    expect(shell(doctor, { cwd: shared, env: cluster.env })).toMatchObject({ status: 0 });
    await cluster.on(["n3"], `rm -rf ${environment()}`);
  });

  test("has an ordinary user's two jobs, which start together, unpack it once a node", async () => {
    const script = join(shared, "user.sh");
    deliver([archive, "-N", "3", "-q", "-o", script], ["job.mjs"]);
    const both = await Promise.all([cluster.run(script, 65534), cluster.run(script, 65534)]);
    for (const { state, printed } of both) {
      // Slurm itself may say something of a TMPDIR that is not this user's.
      expect(printed).not.toMatch(/(envpack|srun|sbcast): .*error/);
      expect([state, reports(printed).map(({ exe }) => exe.split("/")[2])]).toEqual(["COMPLETED", Array(3).fill("envpack-65534")]);
    }
  });

  test("removes it with the job where that was asked for; an archive with a root folder and zstd works as well", async () => {
    const rooted = join(shared, "rooted.tar.zst");
    expect(envpack(["pack", project, "-q", "--arcroot", "a root", "-o", rooted]).stderr).toBe("");
    const { state, printed, stdout } = await submit([
      rooted,
      "--remove",
      "--to",
      "$SCRATCH/sub",
      "--sbatch",
      "--export=ALL,SCRATCH=/tmp/own",
      "--sbatch",
      "--nodelist=n1,n3",
    ]);
    expect(stdout).toContain("NODES_NEED_ZSTD");
    expect([state, reports(printed).map(({ node }) => node)]).toEqual(["COMPLETED", ["n1", "n3"]]);
    expect([...(await cluster.on(["n1", "n3"], "ls -A /tmp/own/sub/envpack-0")).values()]).toEqual(["", ""]);
    const without = await submit([rooted, "--sbatch", "--nodelist=n2"]);
    expect(failureOf("n2", without.printed)).toEqual([
      expect.stringMatching(/^error: zstd is not installed here/),
      "hint: pack it as .tar.gz",
    ]);
  });
});

describe("E3: a node that many jobs come to at once gets one copy", () => {
  /** Kilobytes that the script says a node needs. */
  const room = (): number => Number(/-ge (\d+) \]/.exec(deliver([archive, "-q"], ["job.mjs"]).stdout)?.[1]);
  const small = (node: string, kilobytes: number): Promise<unknown> =>
    cluster.on([node], `mkdir -p /tmp/once && mount -t tmpfs -o size=${kilobytes}k tmpfs /tmp/once`);
  const cleared = async (nodes: readonly string[]): Promise<void> =>
    void (await cluster.on(nodes, "umount /tmp/once 2>/dev/null; rm -rf /tmp/once"));
  const left = async (nodes: readonly string[]): Promise<string[]> => [...(await cluster.on(nodes, "ls -A /tmp/once/envpack-0")).values()];

  test("twenty tasks of an array on a cold node that has room for one, in a folder where an empty file stands for the lock", async () => {
    const name = environment().replace(/.*\//, "");
    await small("n1", room() + 1024);
    await cluster.on(["n1"], `mkdir -m 700 /tmp/once/envpack-0 && : >/tmp/once/envpack-0/.${name}.lock`);
    const { stdout } = deliver(
      [archive, "--to", "/tmp/once", "--sbatch", "--array=0-19 --nodelist=n1 --output=array-%a.out", "--submit", "--json"],
      ["job.mjs"],
    );
    const { job } = JSON.parse(stdout) as { job: string };
    const printed = await arrayPrinted(job, (at) => join(shared, `array-${at}.out`));
    expect(printed.filter((text) => text.includes("error"))).toEqual([]);
    expect(printed.flatMap(reports).map(({ exe }) => exe)).toEqual(Array(20).fill(`/tmp/once/envpack-0/${name}/bin/node`));
    expect(await left(["n1"])).toEqual([name]);
    await cleared(["n1"]);
  });

  test("only the nodes that lack it are sent anything", async () => {
    await small("n2", room() + 1024);
    expect((await submit([archive, "--to", "/tmp/once", "--sbatch", "--nodelist=n2"])).state).toBe("COMPLETED");
    await cluster.on(["n2"], "head -c 400m /dev/zero >/tmp/once/full 2>/dev/null; df /tmp/once");
    const { state, printed } = await submit([archive, "-N", "3", "--to", "/tmp/once"]);
    expect([state, reports(printed).map(({ node }) => node), printed]).toEqual([
      "COMPLETED",
      [...NODES],
      expect.not.stringContaining("error"),
    ]);
    await cleared(NODES);
  });

  test("one that waits for a job goes on when that is killed, or was started again since, and takes away what it left", async () => {
    const name = environment().replace(/.*\//, "");
    const other = JSON.parse(
      deliver([archive, "--sbatch", "--nodelist=n3", "--submit", "--json"], ["node", "-e", "setInterval(() => {}, 1000)"]).stdout,
    ) as { job: string };
    const state = (): string => cluster.client("scontrol", ["show", "job", "--oneliner", other.job]).stdout;
    await expect.poll(state, { timeout: 60_000 }).toContain("JobState=RUNNING");
    const leave = (holder: string): Promise<unknown> =>
      cluster.on(
        ["n1"],
        `mkdir -p -m 700 /tmp/once/envpack-0 && cd /tmp/once/envpack-0 && rm -rf ${name} && ln -s ${holder} .${name}.lock && echo part >.${name}.${holder} && mkdir .boot-${name}.${holder}`,
      );
    const args = [archive, "--to", "/tmp/once", "--sbatch", "--nodelist=n1", "--submit", "--json"];
    await leave(`${other.job}.7`);
    const again = await submit(args.slice(0, 5));
    expect([again.state, again.printed]).toEqual(["COMPLETED", expect.not.stringContaining("waits")]);
    expect(await left(["n1"])).toEqual([name]);
    await leave(`${other.job}.0`);
    const { job } = JSON.parse(deliver(args, ["job.mjs"]).stdout) as { job: string };
    const output = join(shared, `slurm-${job}.out`);
    await expect
      .poll(() => (existsSync(output) ? readFileSync(output, "utf8") : ""), { timeout: 60_000 })
      .toContain(`envpack: n1: waits for job ${other.job}, `);
    cluster.client("scancel", [other.job]);
    const ended = await cluster.untilEnded(job);
    expect([ended.state, reports(ended.printed).length, await left(["n1"])]).toEqual(["COMPLETED", 1, [name]]);
    await cleared(["n1"]);
  });
});

describe("the copy of a job that is killed", () => {
  const place = "/tmp/killed";
  const args = [archive, "--to", place, "--sbatch", "--nodelist=n1,n3"];
  const left = async (): Promise<string[][]> =>
    [...(await cluster.on(["n1", "n3"], `ls -A ${place}/envpack-0`)).values()].map((names) =>
      names.split("\n").filter((name) => name !== ""),
    );

  /** A job with a copy of its own, whose tasks run on both nodes until they are killed. */
  async function start(): Promise<{ readonly job: string; readonly copy: string }> {
    writeFileSync(join(shared, "endless.mjs"), 'console.log("runs"); setInterval(() => {}, 1000);');
    const { job, name } = JSON.parse(deliver([...args, "--remove", "--submit", "--json"], ["endless.mjs"]).stdout) as {
      job: string;
      name: string;
    };
    const output = join(shared, `slurm-${job}.out`);
    const running = (): number =>
      (existsSync(output) ? readFileSync(output, "utf8") : "").split("\n").filter((line) => line === "runs").length;
    await expect.poll(running, { timeout: 100_000 }).toBe(2);
    return { job, copy: `${name}@job${job}` };
  }

  async function kill(job: string, options: readonly string[] = []): Promise<Ended> {
    expect(cluster.client("scancel", [...options, job])).toMatchObject({ status: 0, stderr: "" });
    return cluster.untilEnded(job);
  }

  test("goes from every node where the tasks are killed", async () => {
    const { job, copy } = await start();
    expect(await left()).toEqual([[copy], [copy]]);
    expect(await kill(job, ["--signal=TERM"])).toMatchObject({ state: "FAILED" });
    expect(await left()).toEqual([[], []]);
  });

  test("goes from the first node where the job is cancelled, and from others with a later job; that of a job which runs for days stays", async () => {
    const { job, copy } = await start();
    const age = (name: string, days: number): string => `touch -d "${days} days ago" ${place}/envpack-0/${name}`;
    await cluster.on(["n1", "n3"], age(copy, 3));
    const [shared = ""] = copy.split("@");
    expect((await submit(args)).state).toBe("COMPLETED");
    expect(await left()).toEqual([
      [shared, copy],
      [shared, copy],
    ]);
    const { state, printed } = await kill(job);
    expect([state, printed]).toEqual(["CANCELLED", expect.not.stringMatching(/expired|envpack: /)]);
    expect(await left()).toEqual([[shared], [shared, copy]]);
    // Slurm forgets a job some minutes after its end; that one it never knew.
    const forgotten = `${shared}@job66000000`;
    await cluster.on(["n3"], `mv ${place}/envpack-0/${copy} ${place}/envpack-0/${forgotten}; ${age(forgotten, 1)}`);
    await submit(args);
    expect(await left()).toEqual([[shared], [shared, forgotten]]);
    await cluster.on(["n3"], age(forgotten, 3));
    await submit(args);
    expect(await left()).toEqual([[shared], [shared]]);
  });
});

describe("a node that cannot take it is named in a line, with a hint, and nothing is left there", () => {
  const leftOn = (node: string, folder: string): Promise<Map<string, string>> => cluster.on([node], `ls -A ${folder}/envpack-0`);

  test("no room: nothing is sent", async () => {
    const { state, printed } = await submit([archive, "-N", "3", "--to", "/tmp/tight"]);
    expect([state, reports(printed)]).toEqual(["FAILED", []]);
    expect(failureOf("n2", printed)).toEqual([
      expect.stringMatching(/^error: 6\d MB are free in \/tmp\/tight\/envpack-0, and unpacking takes about \d{3} MB$/),
      "hint: --to names another folder",
    ]);
    expect(printed).not.toMatch(/sbcast|n1: |n3: /);
    for (const node of NODES) expect([...(await leftOn(node, "/tmp/tight")).values()]).toEqual([""]);
  });

  // As where a quota is: it is asked of no one, and df does not know it.
  test.each([
    ["for the archive", "tiny", /^sbcast: error: .*\(n2\)/m],
    [
      "for the environment",
      "tight",
      /^envpack: n2: error: cannot unpack: tar: bin\/node: .*\n(.*\n)?envpack: n2: hint: there is no more room in \/tmp\/tight\/envpack-0: /m,
    ],
  ])("less room than the disk says, %s", async (_what, place, message) => {
    writeFileSync(join(shared, "df"), "#!/bin/sh\necho '/dev/x 9000000 1 8999999 1% /tmp'\n", { mode: 0o755 });
    await cluster.on(["n2"], `mount --bind ${shared}/df /usr/bin/df`);
    const { state, printed } = await submit([archive, "--sbatch", "--nodelist=n2,n3", "--to", `/tmp/${place}`]);
    await cluster.on(["n2"], "umount /usr/bin/df");
    expect([state, reports(printed)]).toEqual(["FAILED", []]);
    expect(printed).toMatch(message);
    expect([...(await leftOn("n2", `/tmp/${place}`)).values()]).toEqual([""]);
  });

  test("another processor", async () => {
    writeFileSync(join(shared, "uname"), '#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || echo Linux\n', { mode: 0o755 });
    await cluster.on(["n3"], `mount --bind ${shared}/uname /usr/bin/uname`);
    const { state, printed } = await submit([archive, "--sbatch", "--nodelist=n3", "--to", "/tmp/other"]);
    await cluster.on(["n3"], "umount /usr/bin/uname");
    expect(state).toBe("FAILED");
    expect(failureOf("n3", printed)).toEqual([
      "error: the environment is for linux-x64, and this node is Linux riscv64",
      expect.stringMatching(/^hint: ask for other nodes/),
    ]);
    expect([...(await leftOn("n3", "/tmp/other")).values()]).toEqual([""]);
  });

  test("no permission, or a folder that somebody else made", async () => {
    const closed = await submit([archive, "-N", "3", "--to", "/proc/sys/envs"]);
    expect(closed.printed).toMatch(/^envpack: n1: error: no folder for the environment: mkdir: /m);
    await cluster.on(["n1"], "mkdir -p /tmp/theirs/envpack-0 && chown 12345 /tmp/theirs/envpack-0");
    const { state, printed } = await submit([archive, "-N", "3", "--to", "/tmp/theirs"]);
    expect([state, reports(printed)]).toEqual(["FAILED", []]);
    expect(printed).toMatch(/^envpack: n1: error: not a folder of yours: \/tmp\/theirs\/envpack-0$/m);
  });

  test("an archive that the nodes do not see", async () => {
    const own = join(scratch, "own.tar.gz");
    copyFileSync(archive, own);
    const { printed } = await submit([own, "-N", "3", "--to", "/tmp/unseen"]);
    expect(printed).toMatch(
      new RegExp(`^envpack: error: no such archive on node n1: ${own}\nhint: put it on a file system that the nodes share$`, "m"),
    );
  });
});

describe("submitting", () => {
  const failure = (args: readonly string[]): string[] => {
    const { status, stderr, stdout } = deliver([archive, "--submit", ...args], ["job.mjs"]);
    expect([status, stdout]).toEqual([1, ""]);
    return stderr.trimEnd().split("\n");
  };

  test("says in a line what sbatch refuses", () => {
    expect(failure(["--sbatch", "--partition=none"])).toEqual([
      expect.stringMatching(/error\[COMMAND_FAILED\] sbatch refused: .*partition/),
      expect.stringMatching(/^hint: /),
    ]);
    expect(failure(["--sbatch", "--nodelist=n9"])).toEqual([
      expect.stringMatching(/error\[COMMAND_FAILED\] sbatch refused: .*node name/),
      expect.stringMatching(/^hint: /),
    ]);
  });

  test("ends as the job does with --wait", () => {
    expect(failure(["--sbatch", "--wait --nodelist=n1 --output=waited.out", "--to", "/proc/none"])[0]).toMatch(
      /error\[COMMAND_FAILED\] job \d+ ended with status 1$/,
    );
  });

  test("says when the controller is out of reach", async () => {
    await cluster.stopController();
    expect(failure([])).toEqual([
      expect.stringMatching(/error\[ENGINE_UNREACHABLE\] sbatch refused: /),
      expect.stringMatching(/^hint: is slurmctld running/),
    ]);
  });
});

/** The folder of the environment on the nodes. */
function environment(): string {
  const digest = createHash("sha256").update(readFileSync(archive)).digest("hex");
  return `/tmp/envpack-0/shop-${digest.slice(0, 16)}`;
}
