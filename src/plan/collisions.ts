import type { PlannedEntry } from "../archive/entry.js";
import type { ListedFolder } from "../listing/listed-folder.js";
import { byPath } from "./found-paths.js";
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
  for (let index = 0; index < entries.length; index++) {
    const { path } = entries[index] as PlannedEntry;
    const folded = fold(path);
    if (folded === path) continue;
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, path);
    else pairs.push(`${other} and ${path}`);
  }
  if (seen.size > 0) {
    for (let index = 0; index < entries.length; index++) {
      const { path } = entries[index] as PlannedEntry;
      const other = seen.get(path);
      if (other !== undefined) pairs.push(`${other} and ${path}`);
    }
  }
  if (pairs.length === 0) return [];
  const more = pairs.length > NAMED ? `, and ${pairs.length - NAMED} more` : "";
  const message = `names that differ in case or Unicode form only will not unpack where these are ignored: ${pairs.slice(0, NAMED).join(", ")}${more}`;
  return [{ code: "NAME_COLLISION", message }];
}

/** What a part of a plan tells of its names. */
interface Part {
  readonly entries: readonly PlannedEntry[];
  /** Whether a folder in it may hold two names that are the same; absent: nobody looked. */
  readonly twins?: boolean;
}

/**
 * As `noticeCollisions`, of a plan's parts. Paths are the same where two names are that stand in one folder: the walk told
 * of the environment's own, and what comes from elsewhere stands in folders beside it, or else all is looked through.
 *
 * @param folder of the environment's own entries, which are the first part; "" for none
 * @param entries all of them, in the archive's order
 */
export function noticeCollisionsIn([own, ...others]: readonly Part[], folder: string, entries: readonly PlannedEntry[]): Notice[] {
  const strangers = others.flatMap((part) => part.entries);
  const isApart = folder !== "" && own?.twins === false && !strangers.some(({ path }) => isBelow(fold(path), folder));
  return noticeCollisions(isApart ? strangers.sort(byPath) : entries);
}

/** Whether names of one folder may be the same to a file system that ignores case or Unicode's forms. */
export function holdsTwins(listed: ListedFolder): boolean {
  if (!listed.mayHold(FOLDABLE)) return false;
  const { names } = listed;
  return new Set(names.map(fold)).size < names.length;
}

const FOLDABLE = /[A-Z\u0080-\uffff]/;

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function fold(path: string): string {
  if (/^[!-@[-~]*$/.test(path)) return path;
  return /^[\x00-\x7f]*$/.test(path) ? path.toLowerCase() : path.normalize("NFC").toLowerCase();
}
