import { readdirSync, realpathSync, type Dirent } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Bin } from "../environment.js";
import { joinPath } from "../installed.js";
import { readStart } from "../program-start.js";
import { isLauncher } from "./launcher-kinds.js";
import { readShim } from "./pnpm-shim.js";

/** The runtime and the files that envpack puts beside it are no package's commands. */
const NOT_COMMANDS = /^(node|nodejs|envpack|shim|(de)?activate(\..*)?)$/i;

/**
 * The commands of a prefix's packages, sorted by name: links from a folder of commands to a package,
 * and the launchers that pnpm and deno write. Where two folders have a name the first folder's counts.
 *
 * A link or shim for a script of node becomes a launcher: it would run the node of PATH. All else
 * works as it stands and keeps its place (some programs tell by the name that they are called by what
 * to do), so such a command's file is itself.
 *
 * @param folders relative to the root
 */
export function findPrefixBins(root: string, folders: readonly string[]): readonly Bin[] {
  const bins = new Map<string, Bin>();
  for (const folder of folders) {
    for (const entry of list(join(root, folder))) {
      if (NOT_COMMANDS.test(entry.name) || entry.name.startsWith(".") || bins.has(entry.name)) continue;
      const bin = readBin(root, joinPath(folder, entry.name), entry);
      if (bin !== null) bins.set(entry.name, bin);
    }
  }
  return [...bins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readBin(root: string, path: string, entry: Dirent): Bin | null {
  const file = join(root, path);
  const itself: Bin = { name: entry.name, file: path, start: "direct" };
  if (entry.isFile()) {
    if (isLauncher("deno", file)) return itself;
    return isLauncher("cmd-shim", file) ? (readShim(root, path) ?? itself) : null;
  }
  const target = entry.isSymbolicLink() ? packageFile(root, file) : null;
  if (target === null) return null;
  const start = readStart(join(root, target));
  return start.start === "node" ? { name: entry.name, file: target, ...start } : itself;
}

/** The file of a package inside the root that a link leads to; null where it leads elsewhere or nowhere. */
function packageFile(root: string, link: string): string | null {
  try {
    const path = relative(root, realpathSync(link)).split(sep).join("/");
    return /(^|\/)node_modules\//.test(path) && !path.startsWith("../") ? path : null;
  } catch {
    return null;
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
