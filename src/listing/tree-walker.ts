import { listInto, type OnFault } from "./list-folder.js";
import { kindOf, Rows } from "./listed-folder.js";

/** Folders of a tree as they were listed, in a form that crosses to another thread at little cost. */
export interface ListedPart {
  /** Relative to the tree's root, joined by NUL. */
  readonly folders: string;
  /** The names in each: joined by "/" in a folder, by NUL between folders. */
  readonly names: string;
  /** How many names each holds. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** The rows of all names. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Those of the folders in which something could not be asked about. */
  readonly partial: readonly string[];
}

/** A folder that was found and is still to be listed. */
export interface FoundFolder {
  /** Relative to the tree's root. */
  readonly path: string;
  /** Its own size: with most file systems the larger, the more names it holds. */
  readonly bytes: number;
}

/**
 * Lists folders and what is below them, one at a time. A folder that cannot be listed is not in the result,
 * and one in which something cannot be asked about is marked: who needs it meets the same fault, and knows
 * what it means.
 */
export class TreeWalker {
  readonly #root: string;
  readonly #more: () => string | null;
  readonly #rows = new Rows();
  readonly #folders: string[] = [];
  readonly #names: string[] = [];
  readonly #counts: number[] = [];
  readonly #pending: FoundFolder[] = [];
  readonly #partial: string[] = [];

  /**
   * @param root absolute
   * @param more the next folder to begin with, relative to the root; null where there is none
   */
  constructor(root: string, more: () => string | null) {
    this.#root = root;
    this.#more = more;
  }

  /** Folders found that are still to be listed; they are the caller's then. */
  takePending(): FoundFolder[] {
    return this.#pending.splice(0);
  }

  /** Lists one folder; false where there is none left. */
  step(): boolean {
    const folder = this.#pending.pop()?.path ?? this.#more();
    if (folder === null) return false;
    this.#list(folder);
    return true;
  }

  finish(): ListedPart {
    return {
      folders: this.#folders.join("\0"),
      names: this.#names.join("\0"),
      counts: Uint32Array.from(this.#counts),
      numbers: this.#rows.finish(),
      partial: this.#partial,
    };
  }

  #list(folder: string): void {
    const first = this.#rows.count;
    let isWhole = true;
    const names = this.#namesOf(folder, () => {
      isWhole = false;
    });
    if (names === null) return;
    for (const [index, name] of names.entries()) {
      const row = first + index;
      if (kindOf(this.#rows.mode(row)) !== "folder") continue;
      this.#pending.push({ path: folder === "" ? name : `${folder}/${name}`, bytes: this.#rows.size(row) });
    }
    this.#folders.push(folder);
    this.#names.push(names.join("/"));
    this.#counts.push(names.length);
    if (!isWhole) this.#partial.push(folder);
  }

  #namesOf(folder: string, onFault: OnFault): string[] | null {
    try {
      return listInto(this.#rows, folder === "" ? this.#root : `${this.#root}/${folder}`, onFault);
    } catch {
      return null;
    }
  }
}
