import { isOwn, type DirectoryEntry, type Entry, type FileEntry } from "../../archive/entry.js";

/** What of an environment has to be sent to where another one is. */
export interface LayerContent {
  /** In archive order: files whose content the base has nowhere, and the folders above them. */
  readonly entries: readonly (FileEntry | DirectoryEntry)[];
  /** Paths that the base has and the new environment has not. */
  readonly removed: number;
}

/** A file that was moved or copied inside the environment is not sent: its content tells it. */
export function selectContent(base: readonly Entry[], next: readonly Entry[]): LayerContent {
  const known = new Set(base.flatMap((entry) => (entry.type === "file" ? [entry.sha256] : [])));
  const isSent = (entry: Entry): entry is FileEntry => entry.type === "file" && !isOwn(entry.path) && !known.has(entry.sha256);
  const folders = new Set<string>();
  for (const { path } of next.filter(isSent)) {
    for (let at = path.lastIndexOf("/"); at > 0 && !folders.has(path.slice(0, at)); at = path.lastIndexOf("/", at - 1))
      folders.add(path.slice(0, at));
  }
  const entries = next.filter(
    (entry): entry is FileEntry | DirectoryEntry =>
      isSent(entry) || (entry.type === "directory" && folders.has(entry.path) && !isOwn(entry.path)),
  );
  const left = new Set(next.map(({ path }) => path));
  return { entries, removed: base.filter(({ path }) => !left.has(path)).length };
}
