import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "./scratch.js";

/** By this line one is told from a node. */
const SMALL = "# a small node of envpack's tests";

/**
 * A program of some hundred bytes that passes for the node that runs this: so that a hundred megabytes, and an npm, need not be
 * packed, extracted and removed where something else is shown. It says of itself what that node says, but that it lies here.
 * Where this machine's node is out of sight it has to be laid under the real one: `nodeOver`.
 *
 * @returns its absolute path, for `--node`
 */
export function smallNode(): string {
  const folder = scratchFolder("small-node");
  chmodSync(folder, 0o755);
  const file = join(folder, "node");
  const node = `'${process.execPath}'`;
  writeFileSync(
    file,
    `#!/bin/sh
${SMALL}
case "$2" in
*execPath*) ${node} "$@" | sed 's|"execPath":"[^"]*"|"execPath":"'"$0"'"|' ;;
*) exec ${node} "$@" ;;
esac
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** The node to lay over that of an extracted environment in a sandbox, where it is a small one: its path, and the real one's. */
export function nodeOver(root: string): ReadonlyMap<string, string> {
  const file = join(root, "bin/node");
  const isSmall = existsSync(file) && statSync(file).size < 4096 && readFileSync(file, "utf8").includes(SMALL);
  return new Map(isSmall ? [[file, process.execPath]] : []);
}
