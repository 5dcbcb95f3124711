import { basename, join } from "node:path";
import { packAgain, packAgainBeside } from "./again.mjs";
import { canReuse, oursArchive, packRun, unpackRun } from "./envpack.mjs";
import { firstResult, secondResult } from "./first-result.mjs";
import { GOALS } from "./goals.mjs";
import * as images from "./images.mjs";
import * as peers from "./peers.mjs";
import { PLAIN_ARCHIVES } from "./inputs.mjs";
import { IN_MEMORY, OUTPUT } from "./places.mjs";
import { bringCaxa, bringCondaPack, findProgram } from "./programs.mjs";

/** The ids of all pairs: first those that have a goal, last what takes minutes a round. Whoever stops the benchmark has the rest. */
export const STAGES = [
  ["pack-zst-memory", "pack-gz-memory", "unpack-zst-memory", "pack-again-tar", "pack-conda"],
  ["pack-zst", "pack-gz", "unpack-zst", "pack-again", "pack-limit", "unpack-stream", "unpack-gz", "pack-node-tar", "unpack-node-tar"],
  ["first-result", "second-result", "image", "image-again", "image-buildah", "pack-caxa"],
];

/** What the titles of pairs say whose output lies in memory. */
const WHERE = IN_MEMORY === OUTPUT ? "" : " in memory";

/** The four ratios that `make bench-quick` gives. */
export const QUICK =
  WHERE === "" ? /^(pack-zst|pack-gz|unpack-zst|pack-again-tar)$/ : /^(pack-zst-memory|pack-gz-memory|unpack-zst-memory|pack-again-tar)$/;

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
    ...needs("pigz", pigzPairs(runtime, tree)),
    gzipPair(runtime),
    ...nodeTarPairs(runtime, tree),
    ...(isChosen("pack-again") || isChosen("pack-again-tar") ? againPairs(runtime, tree, missing) : []),
    // These are fetched when they are needed.
    ...(isChosen("pack-conda") ? condaPackPairs(runtime, tree, missing) : []),
    ...(isChosen("pack-caxa") ? caxaPairs(runtime, tree, missing) : []),
    ...(isChosen("first-result") || isChosen("second-result") ? needs("zstd", resultPairs(runtime, tree, missing)) : []),
    ...imagePairs(runtime, tree, needs, isChosen),
  ];
  return { pairs: pairs.filter(({ id }) => isChosen(id)), missing };
}

function zstdPairs(runtime, tree) {
  const pack = packRun(runtime, tree, "tar.zst");
  const ours = oursArchive("tar.zst");
  const theirs = PLAIN_ARCHIVES["tar.zst"];
  const unpack = { ours: unpackRun(runtime, ours, "file"), theirs: peers.unpackTarZstd(theirs), unpacks: "tar.zst" };
  const packing = {
    id: "pack-zst",
    title: "pack .tar.zst : tar \\| zstd -3 -T0",
    ours: pack,
    theirs: peers.packTarZstd(tree),
    goals: GOALS.packZstd,
  };
  return [
    packing,
    ...inMemory(packing),
    { id: "pack-limit", title: "pack .tar.zst : zstd -3 -T0 of the ready-made tar", ours: pack, theirs: peers.compressOnly() },
    { id: "unpack-zst", title: "unpack .tar.zst : tar -x --zstd", ...unpack, goals: GOALS.unpackZstd },
    ...(WHERE === ""
      ? []
      : [
          {
            id: "unpack-zst-memory",
            title: `unpack .tar.zst${WHERE} : tar -x --zstd`,
            ...unpack,
            output: IN_MEMORY,
            goals: GOALS.unpackZstd,
          },
        ]),
    {
      id: "unpack-stream",
      title: `unpack .tar.zst from a stream${WHERE} : tar -x --zstd`,
      ours: unpackRun(runtime, ours, "stream"),
      theirs: peers.unpackTarZstdStream(theirs),
      unpacks: "tar.zst",
      output: IN_MEMORY,
    },
  ];
}

/** The same with both outputs in memory, where the disk does not hide what either does; nothing where that is the same place. */
function inMemory(pair) {
  if (WHERE === "") return [];
  return [
    {
      ...pair,
      id: `${pair.id}-memory`,
      title: pair.title.replace(" : ", `${WHERE} : `),
      ours: intoMemory(pair.ours),
      theirs: intoMemory(pair.theirs),
      output: IN_MEMORY,
    },
  ];
}

function intoMemory(run) {
  const result = join(IN_MEMORY, basename(run.result));
  return { ...run, variables: { ...run.variables, RESULT: result }, result };
}

function pigzPairs(runtime, tree) {
  const packing = {
    id: "pack-gz",
    title: "pack .tar.gz : tar \\| pigz -6",
    ours: packRun(runtime, tree, "tar.gz"),
    theirs: peers.packTarPigz(tree),
    goals: GOALS.packGzip,
  };
  return [packing, ...inMemory(packing)];
}

function gzipPair(runtime) {
  const ours = unpackRun(runtime, oursArchive("tar.gz"), "file");
  return {
    id: "unpack-gz",
    title: `unpack .tar.gz${WHERE} : tar -x --gzip`,
    ours,
    theirs: peers.unpackTarGzip(PLAIN_ARCHIVES["tar.gz"]),
    unpacks: "tar.gz",
    output: IN_MEMORY,
  };
}

/** In zstd where this Node has it, else in gzip, which is all that node-tar can do there. */
function nodeTarPairs(runtime, tree) {
  const format = runtime.zstd ? "tar.zst" : "tar.gz";
  const unpack = unpackRun(runtime, oursArchive(format), "file");
  return [
    {
      id: "pack-node-tar",
      title: `pack .${format} : node-tar`,
      ours: packRun(runtime, tree, format),
      theirs: peers.packNodeTar(runtime, tree, format),
    },
    {
      id: "unpack-node-tar",
      title: `unpack .${format}${WHERE} : node-tar`,
      ours: unpack,
      theirs: peers.unpackNodeTar(runtime, PLAIN_ARCHIVES[format]),
      unpacks: format,
      output: IN_MEMORY,
    },
  ];
}

function againPairs(runtime, tree, missing) {
  if (canReuse(runtime)) {
    const beside = packAgainBeside(runtime, tree, peers.packTarZstd(tree));
    const besideTar = { ...beside, ours: intoMemory(beside.ours), theirs: intoMemory(beside.theirs), output: IN_MEMORY };
    return [
      { id: "pack-again", title: "pack again, one package changed : pack afresh", ...packAgain(runtime, tree) },
      ...(findProgram("zstd") === null
        ? []
        : [
            {
              id: "pack-again-tar",
              title: `pack again, one package changed${WHERE} : tar \\| zstd -3 -T0`,
              ...besideTar,
              goals: GOALS.packAgain,
            },
          ]),
    ];
  }
  missing.push("this envpack has no --reuse: packing again left out");
  return [];
}

function resultPairs(runtime, tree, missing) {
  if (tree.kind === "made up") {
    missing.push("what is made up cannot be loaded: the time to a first result left out");
    return [];
  }
  return [
    { id: "first-result", title: `from a .tar.zst to the first result${WHERE} : tar -x --zstd, then node`, ...firstResult(runtime, tree) },
    {
      id: "second-result",
      title: `the same job later, with what Node.js kept${WHERE} : node in the tree of tar`,
      ...secondResult(runtime, tree),
    },
  ];
}

/** On Linux only: an image without a base takes this machine's C library. */
function imagePairs(runtime, tree, needs, isChosen) {
  if (process.platform !== "linux") return [];
  const ids = [
    ["image", "pack .oci.tar : pack .tar.gz", images.imageAfresh, GOALS.image],
    ["image-again", "pack .oci.tar again, a source file changed : pack .tar.gz", images.imageAgain, GOALS.imageAgain],
    ["image-buildah", "pack .oci.tar again, a source file changed : buildah bud, caches warm", images.imageBuildah, GOALS.imageBuildah],
  ];
  const pairs = ids.filter(([id]) => isChosen(id)).map(([id, title, make, goals]) => ({ id, title, goals, ...make(runtime, tree) }));
  const isBuildah = ({ id }) => id === "image-buildah";
  return [...pairs.filter((pair) => !isBuildah(pair)), ...needs("buildah", pairs.filter(isBuildah))];
}

function condaPackPairs(runtime, tree, missing) {
  const program = bringCondaPack();
  if (program === null) missing.push("conda-pack could not be installed: left out");
  if (program === null) return [];
  const title = "pack .tar.gz : conda-pack's default";
  return [
    { id: "pack-conda", title, ours: packRun(runtime, tree, "tar.gz"), theirs: peers.packCondaPack(program, tree), goals: GOALS.condaPack },
  ];
}

function caxaPairs(runtime, tree, missing) {
  const script = bringCaxa();
  if (script === null) missing.push("caxa could not be installed: left out");
  if (script === null) return [];
  return [
    {
      id: "pack-caxa",
      title: "pack .tar.gz : caxa",
      ours: packRun(runtime, tree, "tar.gz"),
      theirs: peers.packCaxa(script, runtime, tree),
    },
  ];
}
