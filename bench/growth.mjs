import { oursArchive, packRun, unpackRun } from "./envpack.mjs";
import { makeTree } from "./made-up-tree.mjs";
import { packTarZstd, unpackTarZstd } from "./peers.mjs";
import { makeOurInputs, makePlainInputs, PLAIN_ARCHIVES, warmUp } from "./inputs.mjs";
import { IN_MEMORY } from "./places.mjs";
import { findProgram } from "./programs.mjs";
import { runPair } from "./rounds.mjs";

/**
 * @typedef {object} Size
 * @property {number} files
 * @property {number} bytes
 * @property {import("./rounds.mjs").Round[]} pack
 * @property {import("./rounds.mjs").Round[]} unpack
 */

/**
 * How cost grows with the number of files: packs and unpacks made-up trees, against tar and zstd; nothing where zstd is missing.
 *
 * @param {import("./envpack.mjs").Runtime} runtime
 * @param {number[]} sizes numbers of files
 * @param {number} rounds
 * @returns {Size[]}
 */
export function measureGrowth(runtime, sizes, rounds) {
  if (findProgram("zstd") === null) return [];
  return sizes.map((size) => {
    const tree = makeTree(size);
    const formats = new Set(["tar.zst"]);
    makePlainInputs(tree, formats);
    makeOurInputs(runtime, tree, formats);
    warmUp(tree);
    console.log(`== ${size.toLocaleString("en-US")} files on Node ${runtime.version}`);
    const pack = { ours: packRun(runtime, tree, "tar.zst"), theirs: packTarZstd(tree) };
    const unpack = {
      ours: unpackRun(runtime, oursArchive("tar.zst"), "file"),
      theirs: unpackTarZstd(PLAIN_ARCHIVES["tar.zst"]),
      output: IN_MEMORY,
    };
    return { files: tree.files, bytes: tree.bytes, pack: runPair(pack, rounds), unpack: runPair(unpack, rounds) };
  });
}
