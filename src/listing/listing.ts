import { ListedFolder } from "./listed-folder.js";
import { TreeWalker, type ListedPart } from "./tree-walker.js";

/** A tree as it was listed, from parts that threads made. */
export class Listing {
  readonly root: string;
  readonly #folders = new Map<string, ListedFolder>();
  readonly #partial = new Set<string>();

  /** @param root absolute */
  constructor(root: string, parts: readonly ListedPart[]) {
    this.root = root;
    for (const part of parts) this.#add(part);
  }

  /** The folders that were listed, by their paths relative to the root, in no order; of some not all that they hold. */
  [Symbol.iterator](): Iterator<[string, ListedFolder]> {
    return this.#folders[Symbol.iterator]();
  }

  /** @returns null where the folder, or something in it, could not be asked about, or came later */
  folder(path: string): ListedFolder | null {
    return this.#partial.has(path) ? null : (this.#folders.get(path) ?? null);
  }

  #add({ folders, names, counts, numbers, partial }: ListedPart): void {
    for (const path of partial) this.#partial.add(path);
    if (counts.length === 0) return;
    const all = names.split("\0");
    let row = 0;
    for (const [index, path] of folders.split("\0").entries()) {
      this.#folders.set(path, new ListedFolder(all[index] ?? "", numbers, row));
      row += counts[index] ?? 0;
    }
  }
}

/** Lists a tree at once. */
export function listTree(root: string): Listing {
  const folders = [""];
  const walker = new TreeWalker(root, () => folders.pop() ?? null);
  while (walker.step());
  return new Listing(root, [walker.finish()]);
}
