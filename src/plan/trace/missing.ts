import { spellings, levelsOf } from "../slim/package-tree.js";

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
