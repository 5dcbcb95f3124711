import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Bench } from "./bench.js";
import { bringHadoop } from "./bring-hadoop.js";
import { Cluster } from "./cluster.js";
import { describeJobs } from "./jobs.js";
import { describeLocalizer } from "./localizer.js";
import { describeMemory } from "./memory.js";
import { describeRefusals } from "./refusals.js";
import { describeStandalone } from "./standalone.js";

const hadoop = bringHadoop();
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "envpack-yarn-")));
const cluster = new Cluster(typeof hadoop === "string" ? { jars: "", javaHome: "" } : hadoop, join(scratch, "cluster"));
const bench = new Bench(cluster, scratch);

beforeAll(async () => {
  if (typeof hadoop !== "string") await cluster.start();
});

afterAll(async () => {
  await cluster.stop();
  rmSync(scratch, { recursive: true, force: true });
});

beforeEach(({ skip }) => {
  if (typeof hadoop === "string") skip(hadoop);
});

// One cluster for all of them: it takes a while to start.
describeJobs(bench);
describeStandalone(bench);
describeMemory(bench);
describeLocalizer(bench);
describeRefusals(bench);
