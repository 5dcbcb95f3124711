import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { commandsOf, sectionOf } from "../document.js";
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
  copyFileSync(join(import.meta.dirname, "driver.py"), join(jobs, "driver.py"));
  // Spark's pipe gives a script no variables.
  writeFileSync(join(jobs, "job.mjs"), readFileSync(join(import.meta.dirname, "job.mjs"), "utf8").replace("@SOURCE@", join(project, "package.json")));
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
  const settings = ["--conf", `spark.pyspark.python=${spark.python}`, "--conf", "spark.ui.enabled=false", "--conf", `spark.executor.extraJavaOptions=-Djava.io.tmpdir=${own}`];
  const java = ["--driver-java-options", `-Djava.io.tmpdir=${own}`];
  const line = [join(spark.home, "bin/spark-submit"), ...java, ...settings, ...args];
  return runElsewhere(["timeout", "--kill-after=5", "240", "env", "--chdir", jobs, ...variables, ...line], [project, own, join(spark.home, "work")]);
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
  const lines = stdout.split("\n").filter((line) => line.startsWith("line: ")).map((line) => JSON.parse(line.slice(6)) as { line: string; ms: number; exe: string; source: boolean });
  expect(lines.map(({ ms }) => ms)).toEqual(Array(10).fill([86_400_000, 7_200_000, 180_000, 4_000]).flat());
  expect(lines.some(({ source }) => source)).toBe(false);
  // Each executor has a copy of its own.
  expect([...new Set(lines.map(({ exe }) => exe.replace(/^.*\/work\/app-[^/]*\//, "")))].sort()).toEqual(["0/env/bin/node", "1/env/bin/node"]);
  expect(stdout.split("\n").filter((line) => line.startsWith("verify: "))).toEqual(Array(2).fill(expect.stringMatching(/^verify: ok: .* all as packed$/)));
}

describe("Spark", () => {
  test("runs the packed Node.js in two executors, by the command line of docs/clusters.md", () => {
    const [line = []] = commandsOf("Spark").filter(([program]) => program === "spark-submit");
    expect(line).toContain("shop.tar.gz#env");
    const driver = readFileSync(join(jobs, "driver.py"), "utf8");
    const pipes = [...sectionOf("Spark").matchAll(/^ {4}rdd(\.pipe\(".*?"\))/gm)].map(([, call = ""]) => call);
    expect(pipes.filter((call) => driver.includes(call))).toHaveLength(2);
    expectJobDone(submit(onLocalCluster(line, new Map([["shop.tar.gz#env", `${archive}#env`]]))));
  });

  test("runs it by the command line that deliver yarn prints", () => {
    const { stdout } = envpack(["deliver", "yarn", archive, "--to", "hdfs://namenode:8020/envs", "--print", "--json"]);
    const { uri, commands } = JSON.parse(stdout) as { uri: string; commands: { spark: string[] } };
    expect(commands.spark).toContain(`${uri}#env`);
    expectJobDone(submit(onLocalCluster(commands.spark, new Map([[`${uri}#env`, `${archive}#env`], ["DRIVER.py", "driver.py"]]))));
  });
});
