import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Why no addon can be compiled for the running node here; null where one can. */
export function compilerMissing(): string | null {
  for (const program of ["make", "g++", "python3"]) {
    if (spawnSync(program, ["--version"]).error !== undefined) return `${program} is not installed`;
  }
  const header = "/usr/include/node/node_version.h";
  if (!existsSync(header)) return "the headers of node are not installed in /usr/include/node";
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(header, "utf8"))?.[1];
  const own = process.versions.node.split(".")[0];
  return major === own ? null : `the headers in /usr/include/node are those of node ${major ?? "unknown"}, not ${own ?? ""}`;
}
