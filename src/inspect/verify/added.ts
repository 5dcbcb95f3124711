import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { META, type Entry } from "../../archive/entry.js";

/** Something below a restored environment that no archive holds. */
export interface Added {
  /** Relative to the environment's folder. */
  readonly path: string;
  /** "other": a pipe, a socket or a device. */
  readonly kind: "folder" | "link" | "file" | "other";
}

/**
 * Everything below an environment's folder that its entries do not list, through no link.
 *
 * @param folder absolute, links resolved
 */
export async function* findAdded(folder: string, entries: readonly Entry[]): AsyncGenerator<Added> {
  const known = new Set<string>([META.index, ...entries.map((entry) => entry.path)]);
  const pending = [""];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const child of await readdir(join(folder, parent), { withFileTypes: true })) {
      const path = parent === "" ? child.name : `${parent}/${child.name}`;
      if (child.isDirectory()) pending.push(path);
      if (known.has(path)) continue;
      yield { path, kind: kindOf(child) };
    }
  }
}

function kindOf(found: Dirent): Added["kind"] {
  if (found.isDirectory()) return "folder";
  if (found.isSymbolicLink()) return "link";
  return found.isFile() ? "file" : "other";
}
