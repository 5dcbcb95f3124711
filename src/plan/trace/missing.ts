import { levelsOf, spellings, splitBare } from "../slim/package-tree.js";

/** What a proof missed, as messages of Node.js and of systems tell it. */
export interface Missing {
  readonly kind: "path" | "package" | "file";
  /** An arcpath; a package's name, perhaps with a path in it; the end of a path. */
  readonly name: string;
}

/** What a failure says that is not in the environment; null where it says nothing of that kind. */
export function missingOf(reason: string): Missing | null {
  const path = /^(.+) is not in the environment$/.exec(reason)?.[1];
  if (path === undefined) return null;
  const bare = /^the package (.+)$/.exec(path)?.[1];
  if (bare !== undefined) return { kind: "package", name: bare };
  const file = /^the file (.+)$/.exec(path)?.[1];
  return file === undefined ? { kind: "path", name: path } : { kind: "file", name: file.replace(/^(?:\.{1,2}\/)+/, "") };
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
  const meant = files.filter(({ path }) => isMeant(missing, path));
  const bare = missing.kind === "package" ? splitBare(missing.name) : null;
  if (bare === null) return meant;
  const named = meant.filter(({ path }) => {
    const inside = levelsOf(path).at(-1)?.inside ?? "";
    return spellings(bare.inside).includes(inside) || inside.startsWith(`${bare.inside}/`);
  });
  return named.length > 0 ? named : meant;
}

/** What else may be meant where that did not do: the whole package; null: nothing is known. */
export function widerThan({ kind, name }: Missing): Missing | null {
  const bare = kind === "package" ? splitBare(name) : null;
  return bare === null ? null : { kind, name: bare.name };
}
