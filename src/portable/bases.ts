import { realpathSync } from "node:fs";
import { posix } from "node:path";
import type { Environment } from "../environment/environment.js";
import { ENVIRONMENT_FOLDER } from "../plan/layout.js";

/** A folder on the disk and what it becomes in the archive. */
interface Base {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly arcpath: string;
}

/** Which folders of this machine go into the archive, and where: turns the one's paths into the other's. */
export class Bases {
  readonly #bases: readonly Base[];
  readonly #byArcpath: readonly Base[];

  constructor(environment: Environment) {
    const bases: Base[] = [{ folder: environment.root, arcpath: ENVIRONMENT_FOLDER[environment.kind] }];
    for (const { folder, arcpath } of environment.outside ?? []) bases.push({ folder, arcpath });
    for (const [name, folder] of environment.runtime?.tools ?? []) {
      bases.push({ folder: resolvePath(folder), arcpath: `lib/node_modules/${name}` });
    }
    // The innermost comes first: a runtime's tools may lie inside the environment.
    this.#bases = [...bases].sort((a, b) => b.folder.length - a.folder.length);
    this.#byArcpath = [...bases].sort((a, b) => b.arcpath.length - a.arcpath.length);
  }

  /** Where a path of this machine lies in the archive; null where it does not go in. `path` is free of links. */
  toArcpath(path: string): string | null {
    for (const { folder, arcpath } of this.#bases) {
      const rest = below(path, folder);
      if (rest !== null) return join(arcpath, rest);
    }
    return null;
  }

  /**
   * Where an entry of the archive comes from on this machine, and how many folders below its base it
   * lies; null where it was made for the archive.
   */
  toDisk(arcpath: string): { readonly path: string; readonly depth: number } | null {
    for (const base of this.#byArcpath) {
      const rest = below(arcpath, base.arcpath);
      if (rest !== null) return { path: posix.join(base.folder, rest), depth: rest.split("/").length - 1 };
    }
    return null;
  }
}

/** The part of `path` below `folder`: "" for the folder itself, null where it lies elsewhere. */
function below(path: string, folder: string): string | null {
  if (path === folder) return "";
  if (folder === "") return path;
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}

function join(folder: string, rest: string): string {
  return folder === "" || rest === "" ? folder + rest : `${folder}/${rest}`;
}

/**
 * A path with its links resolved by the kernel; of one that does not exist, as much of it as does.
 *
 * @param path absolute; ".." in it is not resolved by its text
 */
export function resolvePath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parts = path.replace(/(?<!\/)\/+$/, "").split("/");
    const name = parts.pop() ?? "";
    if (parts.length === 0) return "/";
    const parent = resolvePath(parts.join("/") || "/");
    return name === ".." ? posix.dirname(parent) : posix.join(parent, name);
  }
}
