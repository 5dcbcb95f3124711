import { readdirSync, realpathSync, type Dirent } from "node:fs";
import { join } from "node:path";
import type { Bin, OutsideTree } from "../environment.js";
import { joinPath } from "../installed.js";
import { below, isWithin } from "../outside.js";
import { readProgramStart } from "../program-start.js";
import { isLauncher } from "./launcher-kinds.js";
import { isOwnCommand } from "../own-commands.js";
import { readShim } from "./pnpm-shim.js";

/** The runtime under its other names; what envpack puts beside it is no package's command either. */
const OTHER_NODES = /^(nodejs|shim)$/i;

/**
 * The commands of a prefix's packages, sorted by name: links from a folder of commands to a package,
 * and the launchers that pnpm and deno write. Where two folders have a name the first folder's counts.
 *
 * A link or shim for a script of node becomes a launcher: it would run the node of PATH. All else
 * works as it stands and keeps its place (some programs tell by the name that they are called by what
 * to do), so such a command's file is itself.
 *
 * @param folders relative to the root
 * @param outside what is brought in
 */
export function findPrefixBins(root: string, folders: readonly string[], outside: readonly OutsideTree[] = []): readonly Bin[] {
  const bins = new Map<string, Bin>();
  for (const folder of folders) {
    for (const entry of list(join(root, folder))) {
      if (OTHER_NODES.test(entry.name) || isOwnCommand(entry.name) || entry.name.startsWith(".") || bins.has(entry.name)) continue;
      const bin = readBin(root, joinPath(folder, entry.name), entry, outside);
      if (bin !== null) bins.set(entry.name, bin);
    }
  }
  return [...bins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readBin(root: string, path: string, entry: Dirent, outside: readonly OutsideTree[]): Bin | null {
  const file = join(root, path);
  const itself: Bin = { name: entry.name, file: path, start: "direct" };
  if (entry.isFile()) {
    if (isLauncher("deno", file)) return itself;
    return isLauncher("cmd-shim", file) ? (readShim(root, path) ?? itself) : null;
  }
  const target = entry.isSymbolicLink() ? packageFile(root, file, outside) : null;
  if (target === null) return null;
  const start = readProgramStart(file);
  return start.start === "node" ? { name: entry.name, file: target, ...start } : itself;
}

/** The file of a package that a link leads to, as an arcpath; null where it leads elsewhere or nowhere. */
function packageFile(root: string, link: string, outside: readonly OutsideTree[]): string | null {
  try {
    const real = realpathSync(link);
    const tree = outside.find(({ folder }) => isWithin(real, folder));
    if (isWithin(real, root)) return /(^|\/)node_modules\//.test(below(real, root)) ? below(real, root) : null;
    return tree === undefined ? null : joinPath(tree.arcpath, below(real, tree.folder));
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
