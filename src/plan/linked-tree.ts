import { posix } from "node:path";
import { fileUnder, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { MAX_LINK_HOPS } from "../archive/path-rules.js";

/** What Node runs or loads: a copy of it elsewhere finds other files by relative paths. */
const CODE = /\.([cm]?[jt]sx?|node|so(\.\d+)*)$/;
const DECLARATIONS = /\.d\.[cm]?ts$/;
const SCRIPT = /\.[cm]?[jt]sx?$/;

/** A static import, a dynamic one or a require of a path that climbs. */
const IMPORT_UP = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\(|\bresolve\s*\()\s*["'`]((?:\.\.\/)+|\.\.)/g;

export function isCode(path: string): boolean {
  return CODE.test(path) && !DECLARATIONS.test(path);
}

/** The planned entries as a tree in which links can be followed. */
export class LinkedTree {
  readonly #nodes: ReadonlyMap<string, PlannedEntry>;
  readonly #children = new Map<string, PlannedEntry[]>();
  readonly entries: number;
  /** Of content. */
  readonly bytes: number;

  constructor(entries: readonly PlannedEntry[]) {
    this.#nodes = new Map(entries.map((entry) => [entry.path, entry]));
    this.entries = entries.length;
    this.bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
    for (const entry of entries) {
      const folder = parentOf(entry.path);
      const siblings = this.#children.get(folder);
      if (siblings === undefined) this.#children.set(folder, [entry]);
      else siblings.push(entry);
    }
  }

  get(path: string): PlannedEntry | undefined {
    return this.#nodes.get(path);
  }

  /** The file at a path, through a hard link too. */
  fileAt(path: string): PlannedFile {
    const entry = this.#nodes.get(path);
    const file = entry?.type === "hardlink" ? this.#nodes.get(entry.target) : entry;
    if (file?.type !== "file") throw new Error("a hard link leads to no file");
    return fileUnder(path, file);
  }

  /** What a link leads to in the end, as the kernel follows it; null where that is nothing. */
  resolve(link: string): string | null {
    let hops = 0;
    const ahead = link.split("/").reverse();
    const reached: string[] = [];
    for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        reached.pop();
        continue;
      }
      const node = this.#nodes.get([...reached, part].join("/"));
      if (node === undefined) return null;
      if (node.type !== "symlink") reached.push(part);
      else if (++hops > MAX_LINK_HOPS) return null;
      else ahead.push(...node.target.split("/").reverse());
    }
    return reached.join("/");
  }

  /** Everything below a folder, folders before what they hold. */
  *below(folder: string): Generator<PlannedEntry> {
    for (const child of this.#children.get(folder) ?? []) {
      yield child;
      if (child.type === "directory") yield* this.below(child.path);
    }
  }

  holdsCode(folder: string): boolean {
    for (const { type, path } of this.below(folder)) if (type !== "directory" && isCode(path)) return true;
    return false;
  }

  /** The folders in which Node looks for the packages that a package at `path` asks for, beside its own. */
  packageFolders(path: string): readonly (string | null)[] {
    return foldersAbove(path)
      .filter((folder) => posix.basename(folder) !== "node_modules")
      .map((folder) => this.resolve(posix.join(folder, "node_modules")))
      .filter((folder) => folder !== null && this.#nodes.get(folder)?.type === "directory");
  }

  /** The package.json that holds for the files of a folder at `path` with the content of `folder`; "own" for one that comes with it. */
  packageAbove(path: string, folder: string): string | null {
    if (this.#nodes.has(posix.join(folder, "package.json"))) return "own";
    const above = foldersAbove(path).find((one) => this.#nodes.has(posix.join(one, "package.json")));
    return above ?? null;
  }
}

/** The first script below a folder, without its dependencies, that imports something outside of the folder; else null. */
export function findImportOut(tree: LinkedTree, folder: string, read: (file: PlannedFile) => Buffer): string | null {
  for (const entry of tree.below(folder)) {
    const inside = entry.path.slice(folder.length + 1);
    if (entry.type !== "file" || !SCRIPT.test(inside) || DECLARATIONS.test(inside) || inside.split("/").includes("node_modules")) continue;
    const depth = inside.split("/").length - 1;
    for (const [, climb = ""] of read(entry).toString("latin1").matchAll(IMPORT_UP)) {
      if (climb.split("..").length - 1 > depth) return entry.path;
    }
  }
  return null;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The folders that hold a path, the nearest first; "" is the archive's root. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = path; folder !== ""; ) {
    folder = parentOf(folder);
    folders.push(folder);
  }
  return folders;
}
