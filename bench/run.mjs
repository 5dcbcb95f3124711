/**
 * `make bench`: envpack against the programs that do the same work, on this machine's Node and on the
 * newest LTS; what there are goals for on the LTS before as well. Prints a table of ratios and writes it to
 * bench/RESULTS.md. With all Nodes and peers it takes an hour on two fast cores, and half as long again on slow ones.
 *
 *   --rounds N       of each pair; 5 by default
 *   --only PATTERN   just the pairs whose id matches this regular expression; "none" for none
 *   --node WHICH     just "base" (this machine's), "newest", or "former" (the LTS before)
 *   --quick          four ratios with all output in memory, on the newest LTS: two minutes (`make bench-quick`)
 *   --growth A,B     numbers of files to measure growth with; "10000,100000" by default, "" for none.
 *                    `make bench-growth` measures growth alone, up to a million
 *   --files N        a made-up tree of N files instead of the real one, to try the benchmark itself
 *
 * What is chosen or tried by an option goes to .cache/bench/RESULTS.md: the committed file tells of whole runs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import * as zlib from "node:zlib";
import { FORMER_LTS, NEWEST_LTS, bringNode } from "../test/node-versions.mjs";
import { measureGrowth } from "./growth.mjs";
import { makeOurInputs, makePlainInputs, warmUp } from "./inputs.mjs";
import { makeTree } from "./made-up-tree.mjs";
import { listPairs, QUICK, STAGES } from "./pairs.mjs";
import { measurePhases } from "./phases.mjs";
import { CACHE } from "./places.mjs";
import { readVersions } from "./programs.mjs";
import { writeReport } from "./report.mjs";
import { runPair } from "./rounds.mjs";
import { installTree } from "./tree.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    node: { type: "string", default: "" },
    growth: { type: "string", default: "10000,100000" },
    files: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
if (values.quick) Object.assign(values, { rounds: "2", only: QUICK.source, node: values.node || "newest", growth: "" });
const ROUNDS = wholeNumber(values.rounds);
const ONLY = new RegExp(values.only);
const SIZES = values.growth
  .split(",")
  .filter((size) => size !== "")
  .map(wholeNumber);
const IS_WHOLE = values.files === undefined && values.only === "" && values.node === "" && ROUNDS >= 5 && SIZES.length > 0;
const REPORT = join(IS_WHOLE ? import.meta.dirname : CACHE, "RESULTS.md");

let isFailed = false;
mkdirSync(CACHE, { recursive: true });
const machine = describeMachine();
const tree = values.files === undefined ? installTree() : makeTree(wholeNumber(values.files));
const columns = listRuntimes().map((runtime) => ({
  version: runtime.version,
  kind: runtime.kind,
  runtime,
  stages: stagesOf(runtime),
  pairs: [],
  missing: [],
  phases: [],
  open: stagesOf(runtime)
    .flat()
    .filter((id) => ONLY.test(id)),
  growth: [],
}));
// Growth comes before the stage that takes longest.
for (const stage of STAGES.slice(0, -1)) compareStage(stage);
for (const column of columns.filter(({ stages }) => stages === STAGES)) {
  column.phases = measurePhases(column.runtime, tree);
  column.growth = measureGrowth(column.runtime, SIZES, Math.min(ROUNDS, 3));
  report();
}
compareStage(STAGES.at(-1));
console.log(writeReport({ tree, machine, columns }));
console.log(`This is in ${REPORT}`);
process.exitCode = isFailed ? 1 : 0;

/** The newest LTS and the one before, then this machine's Node where that is another one. */
function listRuntimes() {
  const own = { version: process.versions.node, node: process.execPath, kind: "base", zstd: "createZstdCompress" in zlib };
  if (own.version === NEWEST_LTS) return [{ ...own, kind: "newest" }];
  const others = [
    ["newest", NEWEST_LTS],
    ["former", FORMER_LTS],
  ].filter(([kind]) => values.node === "" || values.node === kind);
  const runtimes = others.flatMap(([kind, version]) => {
    const bin = bringNode(version);
    if (bin === null) console.log(`== Node ${version}: left out, the registry has no package of it for this platform`);
    return bin === null ? [] : [{ version, node: join(bin, "node"), kind, zstd: true }];
  });
  return [...runtimes, own].filter(({ kind }) => values.node === "" || kind === values.node);
}

/** The LTS before stands beside the newest one only where there are goals. */
function stagesOf({ kind }) {
  return kind === "former" && values.node === "" ? STAGES.slice(0, 1) : STAGES;
}

function compareStage(stage) {
  for (const column of columns.filter(({ stages }) => stages.includes(stage))) {
    comparePairs(column, (id) => ONLY.test(id) && stage.includes(id));
    column.open = column.open.filter((id) => !stage.includes(id));
    report();
  }
}

function comparePairs(column, isChosen) {
  const { runtime } = column;
  if (values.only === "none") return;
  const { pairs, missing } = listPairs(runtime, tree, isChosen);
  column.missing.push(...missing.filter((line) => !column.missing.includes(line)));
  const formats = new Set(pairs.flatMap(({ unpacks }) => unpacks ?? []));
  makePlainInputs(tree, formats);
  makeOurInputs(runtime, tree, formats);
  warmUp(tree);
  for (const pair of pairs) {
    console.log(`== Node ${runtime.version}: ${pair.title.replaceAll("\\", "")}`);
    column.open = column.open.filter((id) => id !== pair.id);
    column.pairs.push({ title: pair.title, goals: pair.goals, withJob: pair.withJob, ...tryPair(pair) });
    report();
  }
}

/** A pair that fails is told and the others go on: an hour's figures are not thrown away for one. */
function tryPair(pair) {
  try {
    return { rounds: runPair(pair, ROUNDS), failure: null };
  } catch (error) {
    console.log(`   failed: ${error.message}`);
    isFailed = true;
    return { rounds: [], failure: error.message };
  }
}

function report() {
  mkdirSync(dirname(REPORT), { recursive: true });
  writeFileSync(REPORT, writeReport({ tree, machine, columns }));
  writeFileSync(join(CACHE, "results.json"), JSON.stringify({ tree, machine, columns }, null, 1));
}

function wholeNumber(text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`not a number of one or more: ${text}`);
}

function describeMachine() {
  const load = loadavg()[0];
  const memory = Math.round(totalmem() / 2 ** 30);
  const busy = load > 0.5 ? ": **the machine was busy with other things**" : "";
  return [
    `${availableParallelism()} cores, ${memory} GiB of memory, ${process.platform} on ${process.arch}; load at the start ${load.toFixed(1)}${busy}`,
    readVersions()
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  ];
}
