import { posix } from "node:path";

/** A folder of an installed package that a path leads through. */
export interface Level {
  /** The package's folder, as an arcpath. */
  readonly root: string;
  /** As the folder is called in node_modules: "@types/node". */
  readonly name: string;
  /** The rest of the path. */
  readonly inside: string;
}

/** Yarn's pnpm linker keeps packages in `.store/NAME-npm-VERSION-DIGEST/package`. */
const PACKAGE =
  /(?:^|\/)node_modules\/(?:\.store\/((?:@[^/]+-)?[^/]+?)-(?:npm|virtual|patch|https?|git)-[^/]+\/package|((?:@[^/]+\/)?[^/.@][^/]*))\//g;

/** The packages that a path leads through, the outermost first; empty where it belongs to no installed package. */
export function levelsOf(path: string): Level[] {
  if (!path.includes("node_modules/")) return [];
  const levels: Level[] = [];
  PACKAGE.lastIndex = 0;
  for (let match = PACKAGE.exec(path); match !== null; match = PACKAGE.exec(path)) {
    const end = match.index + match[0].length;
    levels.push({ root: path.slice(0, end - 1), name: match[2] ?? match[1] ?? "", inside: path.slice(end) });
    // Its last slash may be the first of the next one.
    PACKAGE.lastIndex = end - 1;
  }
  return levels;
}

/** The folders above a path within its package, the outermost first: of "a/b/c.js" "a" and "a/b". */
export function foldersIn(inside: string): string[] {
  const folders: string[] = [];
  for (let at = inside.indexOf("/"); at !== -1; at = inside.indexOf("/", at + 1)) folders.push(inside.slice(0, at));
  return folders;
}

/** A path without the slashes at its end. */
export function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** Where a path that is written in a package may lead: as it stands, or with an ending that Node adds. */
export function spellings(path: string): string[] {
  return [path, ...[".js", ".json", ".mjs", ".cjs", ".node", ".ts"].map((ending) => `${path}${ending}`)];
}

/** A pattern of `exports` as what it is sure to lead to: the fixed part before its "*", and the one behind. */
export function splitPattern(path: string): { readonly before: string; readonly after: string } | null {
  const at = path.indexOf("*");
  return at === -1 ? null : { before: path.slice(0, at), after: path.slice(path.lastIndexOf("*") + 1) };
}

/** The package's name and the rest of a bare path: "@s/pkg/docs/a.js"; null where it names no file in one. */
export function splitBare(path: string): { readonly name: string; readonly inside: string } | null {
  const parts = path.split("/");
  const length = path.startsWith("@") ? 2 : 1;
  return parts.length <= length ? null : { name: parts.slice(0, length).join("/"), inside: posix.join(...parts.slice(length)) };
}
