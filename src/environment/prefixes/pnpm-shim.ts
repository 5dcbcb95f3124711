import { readFileSync, realpathSync } from "node:fs";
import { basename, join, posix } from "node:path";
import type { Bin } from "../environment.js";
import { readShimTarget } from "../managers/shim.js";
import { below, isWithin } from "../outside.js";
import { readProgramStart } from "../program-start.js";

/** The first assignment of the two: it does not add what the variable held before. */
const NODE_PATH = /^[ \t]*export NODE_PATH=(.*)$/m;
/** `"/a:/b"`, `"$envpack_basedir/a"`, `'/a:/b'`, `"$basedir_abs"/'../a'`, as pnpm 10 and 12 and envpack write them. */
const WORD = /"\$basedir_abs"\/'([^']*)'|'([^']*)'|"([^"]*)"/g;

/**
 * The command behind a shim of pnpm's, with the folders in which it looks for what its package does not
 * declare; null where it starts no script of node inside the root.
 *
 * @param path of the shim, relative to the root
 */
export function readShim(root: string, path: string): Bin | null {
  const text = readFileSync(join(root, path), "utf8");
  const target = readShimTarget(text);
  if (target === null) return null;
  const folder = posix.dirname(path);
  const file = resolveInside(root, join(root, folder, target));
  if (file === null) return null;
  const start = readProgramStart(join(root, file));
  if (start.start !== "node") return null;
  const nodePath = readNodePath(text, folder).map((place) =>
    posix.isAbsolute(place) ? (resolveInside(root, place) ?? inside(root, place)) : place,
  );
  return { name: basename(path), file, ...start, nodePath: nodePath.filter((place) => place !== null) };
}

/** The folders as they are written: absolute, or relative to the root where the shim starts from its own. */
function readNodePath(text: string, folder: string): string[] {
  const assigned = NODE_PATH.exec(text)?.[1] ?? "";
  return [...assigned.matchAll(WORD)].flatMap(([, own, single, double]) => {
    if (own !== undefined) return [posix.join(folder, own)];
    return (single ?? double ?? "").split(":").flatMap((place) => {
      const inner = /^\$(?:envpack_)?basedir\/(.*)$/.exec(place)?.[1];
      if (inner !== undefined) return [posix.join(folder, inner)];
      return posix.isAbsolute(place) ? [place] : [];
    });
  });
}

function resolveInside(root: string, file: string): string | null {
  try {
    return inside(root, realpathSync(file));
  } catch {
    return null;
  }
}

function inside(root: string, path: string): string | null {
  return isWithin(path, root) ? below(path, root) : null;
}
