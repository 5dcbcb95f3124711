import { EnvpackError } from "../support/errors.js";
import type { DirectoryEntry, HardlinkEntry, PlannedFile, FileEntry, SymlinkEntry } from "./entry.js";
import { EntriesByPath } from "./entries-by-path.js";
import { findPathFault, findTextFault, MAX_LINK_HOPS } from "./path-rules.js";
import { isWorkPath } from "./work-names.js";
import { append } from "../support/append.js";

type TreeEntry = DirectoryEntry | FileEntry | PlannedFile | SymlinkEntry | HardlinkEntry;

/**
 * Checks that entries, in archive order, make a tree that can be written without any of them leaving
 * the root or going through a link: plain names, no name twice, folders listed before what they hold,
 * links that stay inside when they are followed as the kernel follows them, hard links to files that
 * came before, and none of the names that envpack keeps for its own work.
 *
 * @throws EnvpackError ARCHIVE_UNSAFE naming the first entry at fault
 */
export function checkTree(entries: readonly TreeEntry[]): void {
  const tree = new Tree();
  tree.add(entries);
  tree.checkLinks();
}

/**
 * Characters of paths that are looked up to follow links: some for all, and some for each. pnpm's links take
 * a few hundred; links through links, of the longest targets, would take hours.
 */
const PATIENCE = 1 << 26;
const PATIENCE_A_LINK = 1 << 14;

/** The tree that entries make, known by their paths alone. */
export class Tree {
  readonly #entries = new EntriesByPath<TreeEntry>();
  readonly #folders = new Set<string>();
  /** By path. */
  readonly #links = new Map<string, SymlinkEntry>();
  /** The folder of the last entry: most entries stand in the same one as the one before. */
  #folder = "";

  /** Adds entries, those from a place in the list on; links are looked at by `checkLinks`, once all entries are known. */
  add(entries: readonly TreeEntry[], from = 0): void {
    for (let index = from; index < entries.length; index++) this.#addOne(entries[index] as TreeEntry);
  }

  #addOne(entry: TreeEntry): void {
    const { path } = entry;
    const fault = findPathFault(path);
    if (fault !== null) throw unsafe(`the archive holds ${fault}`, path);
    if (isWorkPath(path)) throw unsafe("the archive holds a name that envpack keeps for its own work", path);
    if (!this.#entries.add(entry)) throw unsafe("the archive holds this path twice", path);
    if (!this.#isInSameFolder(path)) {
      const folder = parentOf(path);
      if (folder !== "" && !this.#folders.has(folder)) throw unsafe("the archive holds this path without its folder", path);
      this.#folder = folder;
    }
    if (entry.type === "directory") this.#folders.add(path);
    else if (entry.type === "symlink") this.#links.set(path, entry);
    else if (entry.type === "hardlink") this.#checkFileOf(entry);
  }

  #checkFileOf({ path, target, executable }: HardlinkEntry): void {
    const file = this.#entries.get(target);
    if (file?.type !== "file") throw unsafe("a hard link does not lead to a file before it", path);
    if (file.executable !== executable) throw unsafe("a hard link has another mode than its file", path);
  }

  /** Without making a text of the folder's path. */
  #isInSameFolder(path: string): boolean {
    const { length } = this.#folder;
    return length > 0 && path.lastIndexOf("/") === length && path.startsWith(this.#folder);
  }

  checkLinks(): void {
    let patience = PATIENCE;
    for (const link of this.#links.values()) {
      patience += PATIENCE_A_LINK - checkLink(link, this.#links);
      if (patience < 0) throw new EnvpackError("ARCHIVE_LIMIT", "the archive's links lead through too many folders", { path: link.path });
    }
  }
}

/**
 * Follows a link part by part. What is not in the tree is walked as if it were a folder: such a link
 * dangles, which is allowed, but even then it must not climb out.
 *
 * @returns characters of paths that were looked up
 */
function checkLink(link: SymlinkEntry, links: ReadonlyMap<string, SymlinkEntry>): number {
  const fault = findTextFault(link.target);
  if (fault !== null) throw unsafe(`a link leads to ${fault}`, link.path);
  // Parts still to walk, the next one last; and the folder reached so far.
  const ahead: string[] = [];
  let reached = parentOf(link.path);
  let hops = 0;
  let looked = 0;
  let target: string | null = link.target;
  for (;;) {
    if (target !== null) {
      if (/^[/\\]|^[A-Za-z]:/.test(target)) throw unsafe("a link leads to an absolute path", link.path);
      if (++hops > MAX_LINK_HOPS) throw unsafe("a link leads round in a circle", link.path);
      append(ahead, target.split("/").reverse());
    }
    const part = ahead.pop();
    if (part === undefined) return looked;
    target = null;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (reached === "") throw unsafe("a link leads out of the archive", link.path);
      reached = parentOf(reached);
      continue;
    }
    const path = reached === "" ? part : `${reached}/${part}`;
    looked += path.length;
    const next = links.get(path);
    if (next === undefined) reached = path;
    else target = next.target;
  }
}

/** "" of what stands in the root. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function unsafe(message: string, path: string): EnvpackError {
  return new EnvpackError("ARCHIVE_UNSAFE", message, { path });
}
