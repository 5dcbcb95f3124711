/**
 * Runs all tests on this machine's Node, then on the other versions that envpack promises to run on:
 * they are brought by the registry's own Node packages into .cache/. Stops at the first version that
 * fails, so that the summary printed last is the one that counts.
 */
import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { NEWEST_LTS, bringNode } from "./node-versions.mjs";

const ROOT = dirname(import.meta.dirname);

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
if (process.versions.node !== NEWEST_LTS) {
  const bin = bringNode(NEWEST_LTS);
  if (bin !== null) runTests(bin, `Node ${NEWEST_LTS}, the newest LTS`);
  else console.log(`== Node ${NEWEST_LTS}: not tested, the registry has no package of it for ${process.platform}-${process.arch}`);
}
