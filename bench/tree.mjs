import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CACHE } from "./places.mjs";

const PINNED = ["package.json", "package-lock.json"].map((name) => join(import.meta.dirname, "tree", name));

/**
 * A folder to pack. It lies in one that is dressed as a conda prefix, as conda-pack packs nothing else.
 *
 * @typedef {object} Tree
 * @property {string} prefix
 * @property {string} project
 * @property {string} kind what it is, for the report
 * @property {number} files
 * @property {number} bytes of content
 */

/**
 * Installs bench/tree from the npm registry, unless it is there as its lockfile wants it.
 *
 * @returns {Tree}
 */
export function installTree() {
  const prefix = join(CACHE, "real");
  const project = join(prefix, "project");
  const done = `${prefix}-package-lock.json`;
  const wanted = readFileSync(PINNED[1]);
  if (!existsSync(done) || !wanted.equals(readFileSync(done))) {
    console.log("== installing the tree of bench/tree (npm install) into .cache/bench/: once, it takes a minute or two");
    dress(prefix);
    mkdirSync(project);
    for (const file of PINNED) copyFileSync(file, join(project, basename(file)));
    // Not `npm ci`: it wants packages of every platform in the lockfile, and a mirror may not have them all.
    const { status } = spawnSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: project,
      stdio: "inherit",
    });
    if (status !== 0) throw new Error("npm install of bench/tree failed");
    writeFileSync(done, wanted);
  }
  return { prefix, project, kind: "installed from the npm registry", ...count(project) };
}

/** An empty folder that conda-pack takes for a prefix without packages: it packs all files in it as unmanaged. */
export function dress(prefix) {
  rmSync(prefix, { recursive: true, force: true });
  mkdirSync(join(prefix, "conda-meta"), { recursive: true });
  writeFileSync(join(prefix, "conda-meta", "history"), "");
}

/** @returns {{ files: number, bytes: number }} */
export function count(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = found.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return { files: found.length, bytes };
}
