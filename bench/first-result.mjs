/** From an archive to what a job prints: what a worker waits for. The job loads all that the project depends on. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { oursArchive, unpackRun } from "./envpack.mjs";
import { PLAIN_ARCHIVES } from "./inputs.mjs";
import { unpackTarZstd } from "./peers.mjs";
import { CACHE, IN_MEMORY } from "./places.mjs";

/** Where `activate` lets Node.js keep what it compiled. */
const KEPT = join(CACHE, "compiled");

/** Commands of compilers and test runners are in the tree as well: a job does not load those. */
const NOT_LOADED = /^(jest|next|typescript|webpack)$/;

/** @param {import("./tree.mjs").Tree} tree an installed one: what is made up cannot be loaded */
function jobOf({ project }) {
  const { dependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const loads = Object.keys(dependencies)
    .filter((name) => !NOT_LOADED.test(name))
    .map((name) => `require(${JSON.stringify(name)})`);
  return `${loads.join(";")};console.log("loaded")`;
}

function runsOf(runtime, tree) {
  const variables = { NODE: runtime.node, JOB: jobOf(tree), XDG_CACHE_HOME: KEPT };
  return {
    ours: { script: '. "$TARGET/bin/activate" && cd "$TARGET/app" && "$NODE" -e "$JOB"', variables },
    theirs: { script: 'cd "$TARGET" && "$NODE" -e "$JOB"', variables },
  };
}

/** Unpack and run for the first time: nothing is kept of an earlier one. */
export function firstResult(runtime, tree) {
  const runs = runsOf(runtime, tree);
  const forget = () => rmSync(KEPT, { recursive: true, force: true });
  return {
    ours: { ...after(unpackRun(runtime, oursArchive("tar.zst"), "file"), runs.ours), name: "envpack unpack, then a job", before: forget },
    theirs: { ...after(unpackTarZstd(PLAIN_ARCHIVES["tar.zst"]), runs.theirs), name: "tar -x --zstd, then a job" },
    unpacks: "tar.zst",
    output: IN_MEMORY,
    withJob: true,
  };
}

/** The job once Node.js has kept what it compiled: it does so a minute after the first start, which is not waited for. */
export function secondResult(runtime, tree) {
  const runs = runsOf(runtime, tree);
  const first = firstResult(runtime, tree);
  const again = (which) => ({
    ...runs[which],
    name: `a later run, after ${first[which].name}`,
    before: (target) => {
      first[which].before?.(target);
      run(first[which], target);
      ageKept();
      run({ ...runs[which], name: first[which].name }, target);
    },
  });
  return { ...first, ours: again("ours"), theirs: again("theirs") };
}

function run({ script, variables, name }, target) {
  const { status, stderr } = spawnSync("bash", ["-c", script], { env: { ...process.env, TARGET: target, ...variables }, encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${stderr.trim().split("\n").at(-1)}`);
}

function ageKept() {
  const all = join(KEPT, "envpack", "compiled");
  const then = new Date(Date.now() - 3_600_000);
  for (const name of existsSync(all) ? readdirSync(all) : []) utimesSync(join(all, name), then, then);
}

function after(unpacking, job) {
  return { ...unpacking, script: `${unpacking.script} && ${job.script}`, variables: { ...unpacking.variables, ...job.variables } };
}
