import { posix } from "node:path";
import { levelsOf, spellings, splitBare } from "../slim/package-tree.js";

/** What a proof missed, as messages of Node.js and of systems tell it. */
export interface Missing {
  readonly kind: "path" | "package" | "file" | "served";
  /** An arcpath; a package's name, perhaps with a path in it; the end of a path; a path that a server was asked for. */
  readonly name: string;
}

/** What a failure says that is not in the environment; null where it says nothing of that kind. */
export function missingOf(reason: string): Missing | null {
  const served = /^\/(.+), which a page names, is served at the source only$/.exec(reason)?.[1];
  if (served !== undefined) return { kind: "served", name: decodePath(served) };
  const path = /^(.+) is not in the environment$/.exec(reason)?.[1];
  if (path === undefined) return null;
  const bare = /^the package (.+)$/.exec(path)?.[1];
  if (bare !== undefined) return { kind: "package", name: bare };
  const file = /^the file (.+)$/.exec(path)?.[1];
  return file === undefined ? { kind: "path", name: path } : { kind: "file", name: file.replace(/^(?:\.{1,2}\/)+/, "") };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Whether a file of a package is what was missed, or part of it. @param path its arcpath */
export function isMeant({ kind, name }: Missing, path: string): boolean {
  if (kind === "path") return path.startsWith(`${name}/`) || spellings(name).includes(path);
  if (kind === "file") return spellings(name).some((one) => path.endsWith(`/${one}`)) || path.includes(`/${name}/`);
  const level = levelsOf(path).at(-1);
  return level !== undefined && (level.name === name || name.startsWith(`${level.name}/`));
}

/** Of files that stayed out those that were missed: what a path in a package names, where it does; else all of the package. */
export function filesMeant<File extends { readonly path: string }>(missing: Missing, files: readonly File[]): readonly File[] {
  if (missing.kind === "served") return filesServed(missing.name, files);
  const meant = files.filter(({ path }) => isMeant(missing, path));
  const bare = missing.kind === "package" ? splitBare(missing.name) : null;
  if (bare === null) return meant;
  const named = meant.filter(({ path }) => {
    const inside = levelsOf(path).at(-1)?.inside ?? "";
    return spellings(bare.inside).includes(inside) || inside.startsWith(`${bare.inside}/`);
  });
  return named.length > 0 ? named : meant;
}

/**
 * What a server was asked for: the files whose paths end as that does, as far back as any do. Where it is one file, all of its
 * folder, since scripts and styles name others there.
 */
function filesServed<File extends { readonly path: string }>(asked: string, files: readonly File[]): readonly File[] {
  for (let end = asked; ; end = end.slice(end.indexOf("/") + 1)) {
    const found = files.filter(({ path }) => path.endsWith(`/${end}`));
    const [first] = found;
    if (first !== undefined && found.length === 1) return files.filter(({ path }) => path.startsWith(`${posix.dirname(first.path)}/`));
    if (first !== undefined || !end.includes("/")) return found;
  }
}

/** Misses in one folder of a package until all of it comes back: who loads so many by turns goes on, and each costs a round. */
const MANY = 3;

/**
 * What is to come back next, of what a proof missed now: never what is back already. What was missed once more, or with others
 * of its folder, stands for its folder or its package.
 *
 * @param back what came back in earlier rounds
 */
export function nextToBringBack(missed: readonly Missing[], back: readonly Missing[]): Missing[] {
  const next: Missing[] = [];
  for (const first of missed) {
    let one: Missing | null = first;
    while (one !== null && (isIn(one, back) || siblingsOf(one, back) + 1 >= MANY)) one = widerThan(one);
    if (one !== null && !isIn(one, next)) next.push(one);
  }
  return next;
}

function isIn({ kind, name }: Missing, list: readonly Missing[]): boolean {
  return list.some((other) => other.kind === kind && other.name === name);
}

function siblingsOf(one: Missing, back: readonly Missing[]): number {
  const folder = widerThan(one)?.name;
  return folder === undefined ? 0 : back.filter((other) => other.kind === one.kind && widerThan(other)?.name === folder).length;
}

/** The folder of a path in a package, at last the package; null: there is nothing wider. */
function widerThan({ kind, name }: Missing): Missing | null {
  const inside = kind === "package" ? splitBare(name)?.inside : kind === "path" ? levelsOf(name).at(-1)?.inside : undefined;
  return inside === undefined || inside === "" ? null : { kind, name: posix.dirname(name) };
}
