import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { IN_MEMORY, OUTPUT } from "./places.mjs";
import { findProgram } from "./programs.mjs";

const RUNNER = join(import.meta.dirname, "measure.py");

/**
 * What is run and measured.
 *
 * @typedef {object} Run
 * @property {string} name
 * @property {string} script for bash; it finds what `variables` holds in its environment, and TARGET, a
 *   path in the output folder that does not exist yet, to unpack to
 * @property {Record<string, string>} variables paths go here, so that the script needs no quoting of its own
 * @property {string} [result] the file whose size counts
 * @property {(target: string) => void} [before] done before each run, not measured
 * @property {() => void} [after] the same
 */

/**
 * @typedef {object} Taken
 * @property {number} wall seconds
 * @property {number | null} cpu seconds of all processes, user and system; null where Python is missing
 * @property {number | null} memory peak bytes of the largest process; null where Python is missing
 * @property {number | null} size bytes of the result; null where there is none
 */

/**
 * Runs once, with an empty output folder and nothing left to be written to the disk.
 *
 * @param {Run} run
 * @param {string} [output] the folder that TARGET is in
 * @returns {Taken}
 * @throws Error with what the programs said, where the script does not end with status 0
 */
export function measure(run, output = OUTPUT) {
  for (const folder of [OUTPUT, IN_MEMORY]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const target = join(output, "target");
  run.before?.(target);
  const command = ["bash", "-o", "pipefail", "-c", run.script];
  const env = { ...process.env, TARGET: target, ...run.variables };
  const python = findProgram("python3");
  const taken = python === null ? measureWall(run, command, env) : measureAll(run, [python, RUNNER, ...command], env);
  const size = run.result === undefined ? null : statSync(run.result).size;
  run.after?.();
  return { ...taken, size };
}

function measureAll(run, [program, ...args], env) {
  const { stdout, stderr, status, signal } = spawnSync(program, args, { env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  if (status !== 0) throw failure(run, status ?? signal, stderr);
  const { status: inner, ...taken } = JSON.parse(stdout);
  if (inner !== 0) throw failure(run, inner, stderr);
  return taken;
}

function measureWall(run, [program, ...args], env) {
  spawnSync("sync");
  const begun = performance.now();
  const { stderr, status, signal } = spawnSync(program, args, { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (status !== 0) throw failure(run, status ?? signal, stderr);
  return { wall: (performance.now() - begun) / 1000, cpu: null, memory: null };
}

function failure(run, status, stderr) {
  return new Error(`${run.name} ended with status ${status}: ${stderr.trim().split("\n").slice(-3).join(" | ")}`);
}
