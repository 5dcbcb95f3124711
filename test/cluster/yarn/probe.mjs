/**
 * What a task sees, as a line of JSON: where each environment named on the command line stands, and what its
 * own envpack says about it. The first word is a node of the cluster's machine, which is to be out of reach.
 */
import { spawnSync } from "node:child_process";
import { realpathSync, statSync } from "node:fs";

const [hostNode, ...environments] = process.argv.slice(2);
const { error, status } = spawnSync(hostNode, ["--version"]);
const seen = environments.map((alias) => {
  const verified = spawnSync(`${alias}/bin/envpack`, ["verify"], { encoding: "utf8" });
  const { dev, ino, ctimeMs } = statSync(`${alias}/.envpack/manifest.json`);
  return {
    folder: realpathSync(alias),
    copy: `${dev}:${ino}:${ctimeMs}`,
    verify: { status: verified.status, said: verified.stdout + verified.stderr },
  };
});
console.log(JSON.stringify({ hostNode: error?.code ?? status, node: realpathSync(process.execPath), seen }));
