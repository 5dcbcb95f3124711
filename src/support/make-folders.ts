import { mkdirSync, rmdirSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it where they are missing.
 *
 * @param folder absolute
 * @returns the ones that were made, the deepest first
 */
export async function makeFolders(folder: string): Promise<readonly string[]> {
  const first = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw whyNotMade(error, folder);
  });
  if (first === undefined) return [];
  const made: string[] = [];
  for (let at = folder; at.length >= first.length; at = dirname(at)) made.push(at);
  return made;
}

/** Removes folders that were made, unless something is in them now. */
export async function removeMade(made: readonly string[]): Promise<void> {
  for (const folder of made) await rmdir(folder).catch(() => undefined);
}

/**
 * What keeps a folder from being made. Where mkdir fails for a reason that Node.js does not know, as a used up quota, making
 * folders with those above them (`recursive`) says that there is no such folder, which is what it was asked to mend. Then each is
 * tried alone, the deepest first.
 *
 * @param error what making them failed with
 */
export function whyNotMade(error: unknown, folder: string): unknown {
  if (!hasCode(error, "ENOENT")) return error;
  for (let at = folder; ; at = dirname(at)) {
    try {
      mkdirSync(at);
      rmdirSync(at);
      return error;
    } catch (own) {
      if (!hasCode(own, "ENOENT") || dirname(at) === at) return hasCode(own, "EEXIST") ? error : own;
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
