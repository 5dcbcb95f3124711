import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { packRun } from "./envpack.mjs";

/**
 * @typedef {object} PhaseEnd
 * @property {string} phase
 * @property {string} wall seconds since the process began
 * @property {string} cpu seconds of processor time until then
 */

/**
 * When the phases of packing end, in one run.
 *
 * @param {import("./envpack.mjs").Runtime} runtime
 * @param {import("./tree.mjs").Tree} tree
 * @returns {PhaseEnd[]}
 */
export function measurePhases(runtime, tree) {
  const { script, variables, result } = packRun(runtime, tree, "tar.zst", ["--no-reuse", "-f"]);
  mkdirSync(dirname(result), { recursive: true });
  const env = { ...process.env, ...variables, ENVPACK_TIMING: "1" };
  const { stderr } = spawnSync("bash", ["-c", script], { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  return [...stderr.matchAll(/^timing: (.+?) +([\d.]+) s, CPU ([\d.]+) s$/gm)].map(([, phase, wall, cpu]) => ({ phase, wall, cpu }));
}
