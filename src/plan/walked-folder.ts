import type { ListedFolder } from "../listing/listed-folder.js";
import type { LeftOutReason } from "./plan.js";
import type { Standing } from "./selection.js";

/** A folder that is being walked. */
export interface Folder {
  readonly path: string;
  /** Its name and "/": what its content begins with, seen from the folder above. */
  readonly start: string;
  readonly parent: Folder | null;
  readonly standing: Standing;
  /** Where what is left out here is counted; null: each thing by itself. */
  readonly count: Count | null;
  /** Whether the folder is among the entries. */
  planned: boolean;
  /** Entries below that go in. */
  kept: number;
  /** Reasons why something right in it does not go in, and whether it held anything. */
  readonly lost: Set<LeftOutReason>;
  listed: ListedFolder | null;
}

/** How far the walk has come in a folder. */
export interface Open {
  readonly folder: Folder;
  readonly listed: ListedFolder;
  readonly names: readonly string[];
  /** Of the name that comes next. */
  index: number;
  /** Folders in it whose content is still to come; that of the last one first. */
  readonly waiting: Folder[];
}

/** A name in a folder that was listed. */
export interface Found {
  readonly name: string;
  readonly listed: ListedFolder;
  readonly index: number;
}

export interface Count {
  readonly path: string;
  readonly reason: LeftOutReason;
  readonly kind: string;
  files: number | null;
  bytes: number | null;
}

/** A folder of which nothing is left for one of these reasons goes as well. */
const EMPTYING: ReadonlySet<LeftOutReason> = new Set(["development", "platform", "build", "workspace", "beside"]);

/**
 * Arcpaths of the folders of which nothing is left.
 *
 * @param folders in the order in which they were met: each behind the one that holds it, so the way back meets it first
 */
export function dropEmptied(folders: readonly Folder[], arcpathOf: (path: string) => string): ReadonlySet<string> {
  const emptied = new Set<string>();
  for (const folder of [...folders].reverse()) {
    const { parent, lost } = folder;
    if (parent === null || !folder.planned || folder.kept > 0 || lost.size === 0) continue;
    if (![...lost].every((reason) => EMPTYING.has(reason))) continue;
    emptied.add(arcpathOf(folder.path));
    parent.kept--;
    for (const reason of lost) parent.lost.add(reason);
  }
  return emptied;
}
