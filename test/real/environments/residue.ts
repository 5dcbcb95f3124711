import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";

/** A path of the machine that built an environment, as it may be written in a file. */
function spellings(path: string): Buffer[] {
  return [path, path.replaceAll("/", "\\/"), encodeURIComponent(path), encodeURIComponent(path).slice(3)].map((text) => Buffer.from(text));
}

/**
 * Files (relative to `folder`, sorted) whose content names one of these paths, and links whose target
 * does; `.envpack/` is not looked into.
 */
export function findResidue(folder: string, paths: readonly string[]): readonly string[] {
  const needles = paths.flatMap(spellings);
  const found: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (name === ".envpack" || name.startsWith(".envpack/")) continue;
    const content = entry.isFile() ? readFileSync(path) : entry.isSymbolicLink() ? Buffer.from(readlinkSync(path)) : null;
    if (content !== null && needles.some((needle) => content.includes(needle))) found.push(name);
  }
  return found.sort();
}

/** The files that an extracted archive says `envpack relocate` would rewrite, sorted. */
export function reportedFiles(folder: string): readonly string[] {
  const lines = readFileSync(join(folder, ".envpack/fixups.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const files = lines.map((line): unknown => JSON.parse(line).path).filter((path) => typeof path === "string");
  return [...new Set(files)].sort();
}
