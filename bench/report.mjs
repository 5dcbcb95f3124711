import { MEMORY_GOAL, MEMORY_GOAL_OF_A_MILLION, judge } from "./goals.mjs";
import { median, spread } from "./statistics.mjs";

const MIB = 2 ** 20;

/**
 * All that one run of the benchmark found.
 *
 * @typedef {object} Results
 * @property {{ kind: string, files: number, bytes: number }} tree
 * @property {string[]} machine a line each
 * @property {Column[]} columns one a version of Node
 *
 * @typedef {object} Column
 * @property {string} version
 * @property {"newest" | "former" | "base"} kind
 * @property {{ title: string, goals?: import("./goals.mjs").Goals, rounds: import("./rounds.mjs").Round[], failure: string | null, withJob?: true }[]} pairs
 * @property {string[]} missing
 * @property {string[]} open ids of pairs that were not measured before the run was stopped
 * @property {import("./growth.mjs").Size[]} growth
 * @property {import("./phases.mjs").PhaseEnd[]} phases
 */

/** @param {Results} results @returns {string} Markdown */
export function writeReport({ tree, machine, columns }) {
  const size = `${tree.files.toLocaleString("en-US")} files, ${Math.round(tree.bytes / 1e6).toLocaleString("en-US")} MB`;
  return [
    "# The benchmark's results",
    "",
    "Written by `make bench`. Every number is envpack's divided by the other's: below 1, envpack needs less.",
    "Wall time: the median of the rounds, with the least and the largest; the rest: medians. Memory is the",
    "peak of the largest process, in MiB, envpack's and the other's. Both of a pair run one after the other,",
    "changing who goes first, with all files in the system's cache, onto the same disk, or into memory",
    "(tmpfs) where a row says so: what the disk takes is the same for both, and can be most of it. Growth is",
    "unpacked as in those rows.",
    "",
    `The tree: ${tree.kind}, ${size}.`,
    "",
    ...machine.map((line) => `- ${line}`),
    "",
    ...columns.flatMap(writeColumn),
  ].join("\n");
}

function writeColumn(column) {
  const rows = column.pairs.map((pair) => pairRow(pair, column.kind));
  return [
    `## Node ${column.version}${column.kind === "newest" ? ", the newest LTS" : ""}`,
    "",
    ...table(["envpack : the other", "wall", "CPU", "size", "memory", "rounds", "goal"], rows),
    ...notes(column).flatMap((line, index, all) => (index === all.length - 1 ? [`- ${line}`, ""] : [`- ${line}`])),
    ...memoryLines(column),
    ...phaseLines(column),
    ...growthLines(column),
  ];
}

function notes({ missing, open }) {
  return open.length === 0 ? missing : [...missing, `the run was stopped before these were measured: ${open.join(", ")}`];
}

function pairRow({ title, goals, rounds, failure }, kind) {
  if (failure !== null) return [title, `failed: ${failure.replaceAll("|", "\\|")}`, "", "", "", "", ""];
  const wall = spread(ratios(rounds, "wall"));
  const sizes = ratios(rounds, "size");
  const cpu = ratios(rounds, "cpu");
  const size = sizes.length === 0 ? null : median(sizes);
  const judged = judge(goals, kind, { wall: wall.median, size });
  return [
    title,
    `**${digits(wall.median)}** (${digits(wall.min)}–${digits(wall.max)})`,
    cpu.length === 0 ? "" : digits(median(cpu)),
    size === null ? "" : size.toFixed(3),
    memoryPair(rounds),
    String(rounds.length),
    judged.map(({ text, met }) => `${text}: ${met ? "met" : "**not met**"}`).join("; "),
  ];
}

/** envpack's share of the other's, of each round that knows both. */
function ratios(rounds, key) {
  return rounds.filter(({ ours, theirs }) => ours[key] !== null && theirs[key] !== null).map(({ ours, theirs }) => ours[key] / theirs[key]);
}

function memoryPair(rounds) {
  const [ours, theirs] = ["ours", "theirs"].map((side) => peak(rounds.map((round) => round[side])));
  return ours === null || theirs === null ? "" : `${ours} / ${theirs}`;
}

/** Median MiB; null where memory was not measured. */
function peak(taken) {
  return taken.some(({ memory }) => memory === null) ? null : Math.round(median(taken.map(({ memory }) => memory)) / MIB);
}

/** The largest peak of all runs of envpack on the tree; that of a job which it unpacked is the job's. */
function memoryLines({ pairs }) {
  const own = pairs.filter(({ withJob }) => withJob !== true);
  const peaks = own.flatMap(({ rounds }) => rounds.map(({ ours }) => ours.memory ?? 0));
  const largest = Math.max(0, ...peaks);
  if (largest === 0) return [];
  const verdict = largest < MEMORY_GOAL ? "met" : "**not met**";
  return [
    `envpack's largest peak of memory in all of these: ${Math.round(largest / MIB)} MiB (goal: below ${MEMORY_GOAL / MIB}: ${verdict}).`,
    "",
  ];
}

/** Where the time of packing goes, once. */
function phaseLines({ phases }) {
  if (phases.length === 0) return [];
  const rows = phases.map(({ phase, wall, cpu }) => [phase, wall, cpu]);
  return ["When the phases of one packing to .tar.zst ended (`ENVPACK_TIMING=1`):", "", ...table(["until", "wall, s", "CPU, s"], rows)];
}

/** Cost a file, as a multiple of what it is in the smallest tree. */
function growthLines({ growth }) {
  if (growth.length === 0) return [];
  const base = costs(growth[0]);
  const rows = growth.map((size) => {
    const own = costs(size);
    return [
      size.files.toLocaleString("en-US"),
      `${digits(own.pack / base.pack)}`,
      digits(median(ratios(size.pack, "wall"))),
      `${digits(own.unpack / base.unpack)}`,
      digits(median(ratios(size.unpack, "wall"))),
      [size.pack, size.unpack].map((rounds) => peak(rounds.map(({ ours }) => ours)) ?? "").join(" / "),
      largeGoal(size),
    ];
  });
  const head = ["files", "pack, a file", "pack : tar \\| zstd", "unpack, a file", "unpack : tar -x", "memory, pack / unpack", "goal"];
  return [
    "How cost grows with made-up small files. A file's cost is told as a multiple of that in the first row.",
    "",
    ...table(head, rows),
  ];
}

function costs({ files, pack, unpack }) {
  const [packing, unpacking] = [pack, unpack].map((rounds) => median(rounds.map(({ ours }) => ours.wall)) / files);
  return { pack: packing, unpack: unpacking };
}

function largeGoal({ files, pack, unpack }) {
  if (files < 1_000_000) return "";
  const largest = Math.max(...[...pack, ...unpack].map(({ ours }) => ours.memory ?? 0));
  return `memory < ${MEMORY_GOAL_OF_A_MILLION / MIB}: ${largest < MEMORY_GOAL_OF_A_MILLION ? "met" : "**not met**"}`;
}

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).concat("");
}

function digits(ratio) {
  return ratio < 0.095 ? ratio.toFixed(3) : ratio.toFixed(2);
}
