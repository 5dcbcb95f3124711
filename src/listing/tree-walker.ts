import { listInto } from "./list-folder.js";
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
}

/**
 * Lists folders and what is below them, one at a time. A folder of which anything cannot be asked is not
 * in the result: who needs it meets the same fault, and knows what it means.
 */
export class TreeWalker {
  readonly #root: string;
  readonly #more: () => string | null;
  readonly #rows = new Rows();
  readonly #folders: string[] = [];
  readonly #names: string[] = [];
  readonly #counts: number[] = [];
  readonly #pending: string[] = [];

  /**
   * @param root absolute
   * @param more the next folder to begin with, relative to the root; null where there is none
   */
  constructor(root: string, more: () => string | null) {
    this.#root = root;
    this.#more = more;
  }

  /** Folders found that are still to be listed; they are the caller's then. */
  takePending(): string[] {
    return this.#pending.splice(0);
  }

  /** Lists one folder; false where there is none left. */
  step(): boolean {
    const folder = this.#pending.pop() ?? this.#more();
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
    };
  }

  #list(folder: string): void {
    const first = this.#rows.count;
    const names = this.#namesOf(folder);
    if (names === null) {
      this.#rows.cut(first);
      return;
    }
    for (const [index, name] of names.entries()) {
      if (kindOf(this.#rows.mode(first + index)) === "folder") this.#pending.push(folder === "" ? name : `${folder}/${name}`);
    }
    this.#folders.push(folder);
    this.#names.push(names.join("/"));
    this.#counts.push(names.length);
  }

  #namesOf(folder: string): string[] | null {
    try {
      return listInto(this.#rows, folder === "" ? this.#root : `${this.#root}/${folder}`, (error) => {
        throw error;
      });
    } catch {
      return null;
    }
  }
}
