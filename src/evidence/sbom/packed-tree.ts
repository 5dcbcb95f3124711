import type { Entry, PlannedEntry } from "../../archive/entry.js";

/** What is packed, or is about to be: names, kinds and links at once, contents when they are asked for. */
export interface PackedTree {
  readonly entries: readonly (Entry | PlannedEntry)[];
  /**
   * The contents of files, each once and in no certain order. What is given is what the index vouches for.
   *
   * @param wanted arcpaths of file entries
   */
  read(wanted: ReadonlySet<string>): AsyncGenerator<TreeFile>;
}

export interface TreeFile {
  readonly path: string;
  readonly content: Buffer;
}
