import type { PlannedEntry } from "../archive/entry.js";
import { foundPaths } from "./found-paths.js";
import type { Notice } from "../support/progress.js";

/** How many pairs a notice names. */
const NAMED = 3;

/**
 * Tells of names in one folder that are the same to a file system that ignores case or Unicode's
 * forms (macOS, Windows): unpack refuses them there. One notice for all.
 */
export function noticeCollisions(entries: readonly PlannedEntry[]): Notice[] {
  // By their folded form, only those that are not in it already: that is half the names.
  const seen = new Map<string, string>();
  const pairs: string[] = [];
  for (const { path } of entries) {
    const folded = fold(path);
    if (folded === path) continue;
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, path);
    else pairs.push(`${other} and ${path}`);
  }
  for (const path of foundPaths(entries, seen.keys())) pairs.push(`${seen.get(path) ?? ""} and ${path}`);
  if (pairs.length === 0) return [];
  const more = pairs.length > NAMED ? `, and ${pairs.length - NAMED} more` : "";
  const message = `names that differ in case or Unicode form only will not unpack where these are ignored: ${pairs.slice(0, NAMED).join(", ")}${more}`;
  return [{ code: "NAME_COLLISION", message }];
}

function fold(path: string): string {
  if (/^[!-@[-~]*$/.test(path)) return path;
  return /^[\x00-\x7f]*$/.test(path) ? path.toLowerCase() : path.normalize("NFC").toLowerCase();
}
