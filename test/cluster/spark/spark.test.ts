import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blocksOf, commandsOf, sectionOf } from "../document.js";
import { envpack, makeScratch, runElsewhere, type Outcome } from "../../real/commands.js";
import { buildSample } from "../../real/sample.js";
import { bringSpark } from "./bring-spark.js";

const scratch = makeScratch();
const project = join(scratch, "pantry");
const jobs = join(scratch, "jobs");
/** Where Spark may write: covered by empty folders in the sandbox. */
const own = join(scratch, "own");
const spark = bringSpark();
let archive = "";

beforeAll(() => {
  if (typeof spark === "string") return;
  for (const folder of [project, jobs, own, join(spark.home, "work")]) mkdirSync(folder, { recursive: true });
  buildSample(project);
  for (const driver of ["driver.py", "failing.py"]) copyFileSync(join(import.meta.dirname, driver), join(jobs, driver));
  // Spark's pipe gives a script no variables.
  writeFileSync(
    join(jobs, "job.mjs"),
    readFileSync(join(import.meta.dirname, "job.mjs"), "utf8").replace("@SOURCE@", join(project, "package.json")),
  );
  const { stderr, stdout } = envpack(["pack", project, "--for", "yarn", "--json", "-o", `${jobs}/`]);
  expect(stderr).toBe("");
  archive = (JSON.parse(stdout) as { output: string }).output;
});

beforeEach(({ skip }) => {
  if (typeof spark === "string") skip(spark);
});

/** Starts spark-submit where neither the project nor this machine's node is. */
function submit(words: readonly string[]): Outcome {
  if (typeof spark === "string") throw new Error(spark);
  const [program, ...args] = words;
  expect(program).toBe("spark-submit");
  const variables = [`SPARK_HOME=${spark.home}`, "SPARK_LOCAL_IP=127.0.0.1", `SPARK_LOCAL_DIRS=${own}`, `TMPDIR=${own}`, `HOME=${own}`];
  // Outside of these, nothing can be written.
  const settings = [
    "--conf",
    `spark.pyspark.python=${spark.python}`,
    "--conf",
    "spark.ui.enabled=false",
    "--conf",
    `spark.executor.extraJavaOptions=-Djava.io.tmpdir=${own}`,
  ];
  const java = ["--driver-java-options", `-Djava.io.tmpdir=${own}`];
  const line = [join(spark.home, "bin/spark-submit"), ...java, ...settings, ...args];
  return runElsewhere(
    ["timeout", "--kill-after=5", "240", "env", "--chdir", jobs, ...variables, ...line],
    [project, own, join(spark.home, "work")],
  );
}

/** A command that is printed for a cluster, for the one in this process: two executors, a process each. */
function onLocalCluster(words: readonly string[], replaced: ReadonlyMap<string, string>): string[] {
  const local = words.map((word) => replaced.get(word) ?? word);
  const at = local.indexOf("--deploy-mode");
  if (at !== -1) local.splice(at, 2);
  local[local.indexOf("--master") + 1] = "local-cluster[2,1,1024]";
  return local;
}

function expectJobDone({ status, stdout, stderr }: Outcome): void {
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  const lines = stdout
    .split("\n")
    .filter((line) => line.startsWith("line: "))
    .map((line) => JSON.parse(line.slice(6)) as { line: string; ms: number; exe: string; source: boolean });
  expect(lines.map(({ ms }) => ms)).toEqual(Array(10).fill([86_400_000, 7_200_000, 180_000, 4_000]).flat());
  expect(lines.some(({ source }) => source)).toBe(false);
  // Each executor has a copy of its own.
  expect([...new Set(lines.map(({ exe }) => exe.replace(/^.*\/work\/app-[^/]*\//, "")))].sort()).toEqual([
    "0/env/bin/node",
    "1/env/bin/node",
  ]);
  expect(stdout.split("\n").filter((line) => line.startsWith("verify: "))).toEqual(
    Array(2).fill(expect.stringMatching(/^verify: ok: .* all as packed$/)),
  );
}

describe("Spark", () => {
  test("runs the packed Node.js in two executors, by the command line of docs/clusters.md", () => {
    const [line = []] = commandsOf("Spark").filter(([program]) => program === "spark-submit");
    expect(line).toContain("shop.tar.gz#env");
    const driver = readFileSync(join(jobs, "driver.py"), "utf8");
    const pipes = [...sectionOf("Spark").matchAll(/^ {4}rdd(\.pipe\(".*?", checkCode=True\))/gm)].map(([, call = ""]) => call);
    expect(pipes.filter((call) => driver.includes(call))).toHaveLength(2);
    expectJobDone(submit(onLocalCluster(line, new Map([["shop.tar.gz#env", `${archive}#env`]]))));
  });

  test("runs it by the command line that deliver yarn prints", () => {
    const { stdout } = envpack(["deliver", "yarn", archive, "--to", "hdfs://namenode:8020/envs", "--print", "--json"]);
    const { uri, commands } = JSON.parse(stdout) as { uri: string; commands: { spark: string[] } };
    expect(commands.spark).toContain(`${uri}#env`);
    expectJobDone(
      submit(
        onLocalCluster(
          commands.spark,
          new Map([
            [`${uri}#env`, `${archive}#env`],
            ["DRIVER.py", "driver.py"],
          ]),
        ),
      ),
    );
  });

  const line = (driver: string, ...words: string[]): string[] => {
    const [found = []] = commandsOf("Spark").filter(([program]) => program === "spark-submit");
    return [
      ...onLocalCluster(
        found,
        new Map([
          ["shop.tar.gz#env", `${archive}#env`],
          ["driver.py", driver],
        ]),
      ),
      ...words,
    ];
  };

  test.each([
    ["a script that crashes in the fourth line of each partition", "crash", /env\/bin\/envpack run job\.mjs['`] exited with error code 1/],
    ["a copy that is damaged", "damage", /env\/bin\/envpack verify env['`] exited with error code 1/],
  ])("E1: %s is seen to fail", (_what, word, reason) => {
    const { status, stdout, stderr } = submit(line("failing.py", word));
    // The trace that Python prints shows the driver's own lines, so that only what begins a line counts.
    const done = stdout.split("\n").filter((text) => text.startsWith("done:"));
    expect([status === 0, done]).toEqual([false, []]);
    expect(stdout + stderr).toMatch(reason);
  });

  /** The recipe of docs/clusters.md, between the making of a session and what shows its results. */
  function writeRecipe(name: string, session: string, words: string): void {
    const [recipe = ""] = blocksOf("Spark", "python");
    expect(recipe).toContain("mapInPandas");
    const lines = `lines = spark.createDataFrame([(word,) for word in ${words} * 10], "value string").repartition(8)`;
    writeFileSync(
      join(jobs, name),
      [
        "from pyspark.sql import SparkSession",
        session,
        lines,
        recipe,
        'for row in results.collect():\n    print("line:", row.result)',
        "",
      ].join("\n"),
    );
  }
  const classic = 'spark = SparkSession.builder.appName("envpack").getOrCreate()';
  const words = '["1d", "2h", "3m", "4s"]';
  const times = (stdout: string): number[] =>
    stdout
      .split("\n")
      .filter((text) => text.startsWith("line: "))
      .map((text) => (JSON.parse(text.slice(6)) as { ms: number }).ms);
  const SUM = 10 * (86_400_000 + 7_200_000 + 180_000 + 4_000);

  test("E1: a DataFrame goes through it by the recipe of docs/clusters.md, and a crash is seen", () => {
    writeRecipe("frames.py", classic, words);
    const { status, stdout, stderr } = submit(line("frames.py"));
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    expect([times(stdout).length, times(stdout).reduce((sum, time) => sum + time, 0)]).toEqual([40, SUM]);
    writeRecipe("crash.py", classic, '["1d", "CRASH"]');
    const crashed = submit(line("crash.py"));
    expect([crashed.status === 0, times(crashed.stdout), crashed.stderr]).toEqual([
      false,
      [],
      expect.stringContaining("CalledProcessError"),
    ]);
  });
});
