import { packAgain } from "./again.mjs";
import { canReuse, oursArchive, packRun, unpackRun } from "./envpack.mjs";
import { GOALS } from "./goals.mjs";
import * as peers from "./peers.mjs";
import { PLAIN_ARCHIVES } from "./inputs.mjs";
import { IN_MEMORY, OUTPUT } from "./places.mjs";
import { bringCaxa, bringCondaPack, findProgram } from "./programs.mjs";

/** The ids of all pairs: first those that have a goal, last what takes minutes a round. Whoever stops the benchmark has the rest. */
export const STAGES = [
  ["pack-zst", "pack-gz", "unpack-zst", "pack-again", "pack-conda"],
  ["unpack-zst-memory", "pack-limit", "unpack-stream", "unpack-gz", "pack-node-tar", "unpack-node-tar"],
  ["pack-caxa"],
];

/** What the titles of pairs say that unpack in memory. */
const WHERE = IN_MEMORY === OUTPUT ? "" : " in memory";

/**
 * What is compared on one Node, and what cannot be and why.
 *
 * @param {import("./envpack.mjs").Runtime & { zstd: boolean }} runtime
 * @param {import("./tree.mjs").Tree} tree
 * @param {(id: string) => boolean} isChosen
 * @returns {{ pairs: import("./rounds.mjs").Pair[], missing: string[] }}
 */
export function listPairs(runtime, tree, isChosen) {
  const missing = [];
  const needs = (program, pairs) => {
    if (findProgram(program) !== null || !pairs.some(({ id }) => isChosen(id))) return pairs;
    missing.push(`${program} is not installed: ${pairs.map(({ title }) => title).join("; ")} left out`);
    return [];
  };
  const pairs = [
    ...needs("zstd", zstdPairs(runtime, tree)),
    ...needs("pigz", [pigzPair(runtime, tree)]),
    gzipPair(runtime),
    ...nodeTarPairs(runtime, tree),
    ...(isChosen("pack-again") ? againPairs(runtime, tree, missing) : []),
    // These are fetched when they are needed.
    ...(isChosen("pack-conda") ? condaPackPairs(runtime, tree, missing) : []),
    ...(isChosen("pack-caxa") ? caxaPairs(runtime, tree, missing) : []),
  ];
  return { pairs: pairs.filter(({ id }) => isChosen(id)), missing };
}

function zstdPairs(runtime, tree) {
  const pack = packRun(runtime, tree, "tar.zst");
  const ours = oursArchive("tar.zst");
  const theirs = PLAIN_ARCHIVES["tar.zst"];
  const unpack = { ours: unpackRun(runtime, ours, "file"), theirs: peers.unpackTarZstd(theirs), unpacks: "tar.zst" };
  return [
    { id: "pack-zst", title: "pack .tar.zst : tar \\| zstd -3 -T0", ours: pack, theirs: peers.packTarZstd(tree), goals: GOALS.packZstd },
    { id: "pack-limit", title: "pack .tar.zst : zstd -3 -T0 of the ready-made tar", ours: pack, theirs: peers.compressOnly() },
    { id: "unpack-zst", title: "unpack .tar.zst : tar -x --zstd", ...unpack, goals: GOALS.unpackZstd },
    ...(WHERE === "" ? [] : [{ id: "unpack-zst-memory", title: `unpack .tar.zst${WHERE} : tar -x --zstd`, ...unpack, output: IN_MEMORY }]),
    { id: "unpack-stream", title: `unpack .tar.zst from a stream${WHERE} : tar -x --zstd`, ours: unpackRun(runtime, ours, "stream"), theirs: peers.unpackTarZstdStream(theirs), unpacks: "tar.zst", output: IN_MEMORY },
  ];
}

function pigzPair(runtime, tree) {
  return { id: "pack-gz", title: "pack .tar.gz : tar \\| pigz -6", ours: packRun(runtime, tree, "tar.gz"), theirs: peers.packTarPigz(tree), goals: GOALS.packGzip };
}

function gzipPair(runtime) {
  const ours = unpackRun(runtime, oursArchive("tar.gz"), "file");
  return { id: "unpack-gz", title: `unpack .tar.gz${WHERE} : tar -x --gzip`, ours, theirs: peers.unpackTarGzip(PLAIN_ARCHIVES["tar.gz"]), unpacks: "tar.gz", output: IN_MEMORY };
}

/** In zstd where this Node has it, else in gzip, which is all that node-tar can do there. */
function nodeTarPairs(runtime, tree) {
  const format = runtime.zstd ? "tar.zst" : "tar.gz";
  const unpack = unpackRun(runtime, oursArchive(format), "file");
  return [
    { id: "pack-node-tar", title: `pack .${format} : node-tar`, ours: packRun(runtime, tree, format), theirs: peers.packNodeTar(runtime, tree, format) },
    { id: "unpack-node-tar", title: `unpack .${format}${WHERE} : node-tar`, ours: unpack, theirs: peers.unpackNodeTar(runtime, PLAIN_ARCHIVES[format]), unpacks: format, output: IN_MEMORY },
  ];
}

function againPairs(runtime, tree, missing) {
  if (canReuse(runtime)) return [{ id: "pack-again", title: "pack again, one package changed : pack afresh", ...packAgain(runtime, tree), goals: GOALS.packAgain }];
  missing.push("this envpack has no --reuse: packing again left out");
  return [];
}

function condaPackPairs(runtime, tree, missing) {
  const program = bringCondaPack();
  if (program === null) missing.push("conda-pack could not be installed: left out");
  if (program === null) return [];
  const title = "pack .tar.gz : conda-pack's default";
  return [{ id: "pack-conda", title, ours: packRun(runtime, tree, "tar.gz"), theirs: peers.packCondaPack(program, tree), goals: GOALS.condaPack }];
}

function caxaPairs(runtime, tree, missing) {
  const script = bringCaxa();
  if (script === null) missing.push("caxa could not be installed: left out");
  if (script === null) return [];
  return [{ id: "pack-caxa", title: "pack .tar.gz : caxa", ours: packRun(runtime, tree, "tar.gz"), theirs: peers.packCaxa(script, runtime, tree) }];
}
