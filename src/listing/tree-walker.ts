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

/**
 * Names from which on what a folder of the list holds is left to others as far as they have time: of a real tree half of
 * all files may lie in one package, and who lists that alone keeps the others waiting.
 */
const SHARED_FROM = 1024;

/** Where a walker finds folders to begin with, and who else may list what it finds. */
export interface FolderSource {
  /** The next folder to begin with, relative to the root; null where there is none. */
  readonly next: () => string | null;
  /** Leaves a folder to another walker; false where that takes none now. Absent: there is no other. */
  readonly give?: (folder: string) => boolean;
}

/**
 * Lists folders and what is below them, one at a time. A folder that cannot be listed is not in the result,
 * and one in which something cannot be asked about is marked: who needs it meets the same fault, and knows
 * what it means.
 */
export class TreeWalker {
  readonly #root: string;
  readonly #source: FolderSource;
  readonly #rows = new Rows();
  readonly #folders: string[] = [];
  readonly #names: string[] = [];
  readonly #counts: number[] = [];
  readonly #pending: string[] = [];
  readonly #partial: string[] = [];
  /** Rows there were when the folder of the list was begun with that is being walked. */
  #began = 0;

  /** @param root absolute */
  constructor(root: string, source: FolderSource) {
    this.#root = root;
    this.#source = source;
  }

  /** Folders found that are still to be listed; they are the caller's then. */
  takePending(): string[] {
    return this.#pending.splice(0);
  }

  /** Lists one folder; false where there is none left. */
  step(): boolean {
    const folder = this.#pending.pop() ?? this.#begin();
    if (folder === null) return false;
    this.#list(folder);
    this.#share();
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

  #begin(): string | null {
    this.#began = this.#rows.count;
    return this.#source.next();
  }

  /** The one that was found first lies highest, so there is most below it. */
  #share(): void {
    const [first] = this.#pending;
    if (first === undefined || this.#rows.count - this.#began < SHARED_FROM) return;
    if (this.#source.give?.(first) === true) this.#pending.shift();
  }

  #list(folder: string): void {
    const first = this.#rows.count;
    let isWhole = true;
    const names = this.#namesOf(folder, () => {
      isWhole = false;
    });
    if (names === null) return;
    for (const [index, name] of names.entries()) {
      if (kindOf(this.#rows.mode(first + index)) === "folder") this.#pending.push(folder === "" ? name : `${folder}/${name}`);
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
