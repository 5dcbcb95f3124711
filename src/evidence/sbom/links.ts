import { posix } from "node:path";
import type { PackedTree } from "./packed-tree.js";

/** Links that are followed one after the other before they count as a circle, as Linux does. */
const MOST_HOPS = 40;

type TreeEntry = PackedTree["entries"][number];

/** Follows the links of what is packed, as a file system would where it is unpacked. */
export class Links {
  readonly #entries: ReadonlyMap<string, TreeEntry>;

  constructor(entries: PackedTree["entries"]) {
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /** The path of the folder or file that a path leads to, without links; null where there is none. */
  resolve(path: string): string | null {
    let rest = path.split("/");
    let reached = "";
    for (let hops = 0; rest.length > 0;) {
      const [part = "", ...others] = rest;
      rest = others;
      const next = posix.join(reached, part);
      const entry = this.#entries.get(next);
      if (entry === undefined) return null;
      if (entry.type !== "symlink") {
        reached = next;
        continue;
      }
      const target = posix.join(posix.dirname(next), entry.target);
      if (target.startsWith("..") || ++hops > MOST_HOPS) return null;
      rest = [...(target === "." ? [] : target.split("/")), ...rest];
      reached = "";
    }
    return reached;
  }

  /** The file entry that a path leads to, through hard links as well; null where there is none. */
  file(path: string): Extract<TreeEntry, { readonly type: "file" }> | null {
    const resolved = this.resolve(path);
    const entry = resolved === null ? undefined : this.#entries.get(resolved);
    if (entry?.type === "hardlink") return this.file(entry.target);
    return entry?.type === "file" ? entry : null;
  }

  /**
   * The package folder that Node.js finds for a bare name.
   *
   * @param from the folder of what imports it
   * @param isPackage tells a package's folder
   */
  findPackage(name: string, from: string, isPackage: (folder: string) => boolean): string | null {
    for (let folder = from; ; folder = posix.dirname(folder)) {
      if (posix.basename(folder) !== "node_modules") {
        const found = this.resolve(posix.join(folder === "." ? "" : folder, "node_modules", name));
        if (found !== null && isPackage(found)) return found;
      }
      if (folder === "." || folder === "") return null;
    }
  }

  /** The folders of packages in a node_modules folder, links followed. */
  packagesIn(modules: string): string[] {
    const inside = new RegExp("^(?:@[^/]+/)?[^/@.][^/]*$");
    const names = [...this.#entries.keys()].filter((path) => path.startsWith(`${modules}/`) && inside.test(path.slice(modules.length + 1)));
    return names.map((path) => this.resolve(path)).filter((found) => found !== null);
  }
}
