import type { Drop } from "./drop.js";

/** Census: "any with node-gyp output" (own path, home, global Node; a relative path through `/`): needed for `make` only. */
const LEFTOVER: Drop = { reason: "build", kind: "leftover of node-gyp" };

/** Folders of make's own: parts, copies, dependency notes, a link to the python that ran gyp. */
const FOLDERS = new Set(["obj.target", "obj.host", "obj", ".deps", "node_gyp_bins"]);
const FILES = new Set(["Makefile", "config.gypi", "gyp-mac-tool", "gyp-win-tool"]);
const ENDINGS = /\.(mk|Makefile|o|a|d|stamp|sln|vcxproj|filters|user|tlog|lastbuildstate|pdb|ilk|iobj|ipdb|lib|exp|obj)$/;

/** Whether a folder is where node-gyp built: its name and what it writes there tell. */
export function isGypBuild(name: string, names: readonly string[]): boolean {
  return (
    name.startsWith("build") && names.includes("config.gypi") && (names.includes("Makefile") || names.some((one) => one.endsWith(".sln")))
  );
}

/**
 * Whether something in node-gyp's build folder was only needed for building. What may be loaded or
 * run stays: `*.node`, shared libraries (`lib.target/`), programs such as node-pty's spawn-helper, data.
 */
export function findLeftover(name: string, isFolder: boolean): Drop | null {
  const found = isFolder ? FOLDERS.has(name) : FILES.has(name) || FOLDERS.has(name) || ENDINGS.test(name);
  return found ? LEFTOVER : null;
}
