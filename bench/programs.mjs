/** The programs that envpack is measured against, and their versions. Missing ones are told, never installed system-wide. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { installOnce } from "../test/node-versions.mjs";
import { CACHE, ROOT } from "./places.mjs";

const CAXA = "3.0.1";
const CONDA_PACK = "0.9.2";

/** @returns {string | null} the path of a program on the PATH */
export function findProgram(name) {
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs caxa from the npm registry once. @returns {string | null} its script; null where that failed */
export function bringCaxa() {
  const folder = join(CACHE, "caxa");
  try {
    installOnce(folder, `caxa@${CAXA}`);
  } catch (error) {
    console.log(`== ${error.message}`);
    return null;
  }
  return join(folder, "node_modules", "caxa", "build", "index.mjs");
}

/** Installs conda-pack from PyPI into a venv once. @returns {string | null} its program; null without Python or where that failed */
export function bringCondaPack() {
  const folder = join(CACHE, "conda-pack");
  const program = join(folder, "bin", "conda-pack");
  if (existsSync(join(folder, ".complete"))) return program;
  console.log(`== fetching conda-pack ${CONDA_PACK} (pip install) into .cache/`);
  const made = [
    ["python3", "-m", "venv", folder],
    // conda-pack imports pkg_resources, which newer releases of setuptools do not have.
    [join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", `conda-pack==${CONDA_PACK}`, "setuptools<81"],
  ].every(([command, ...args]) => spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0);
  if (!made) return null;
  writeFileSync(join(folder, ".complete"), "");
  return program;
}

/** @returns {[name: string, version: string][]} of what takes part on every Node */
export function readVersions() {
  const nodeTar = JSON.parse(readFileSync(join(ROOT, "node_modules", "tar", "package.json"), "utf8")).version;
  const asked = ["tar", "zstd", "pigz", "python3"].map((name) => [name, askVersion(name)]);
  return [...asked, ["node-tar", nodeTar], ["conda-pack", CONDA_PACK], ["caxa", CAXA]];
}

function askVersion(name) {
  if (findProgram(name) === null) return "missing";
  const { stdout, stderr } = spawnSync(name, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? "of unknown version";
}
