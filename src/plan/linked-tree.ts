import { posix } from "node:path";
import { fileUnder, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { MAX_LINK_HOPS } from "../archive/path-rules.js";
import { asObject, parseObject } from "../environment/package-json.js";
import { climbsOf, namesTypescript } from "./own-place.js";
import { append } from "../support/append.js";

/** What Node runs or loads: a copy of it elsewhere finds other files by relative paths. */
const CODE = /\.([cm]?[jt]sx?|node|so(\.\d+)*)$/;
const DECLARATIONS = /\.d\.[cm]?ts$/;
const SCRIPT = /\.[cm]?[jt]sx?$/;

/** Node strips the types of none of these below a node_modules folder. */
const TYPESCRIPT = /\.[cm]?tsx?$/;

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
      else append(ahead, node.target.split("/").reverse());
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

  /**
   * The package.json that holds for the files of a folder at `path` with the content of `folder`; "own" for one that
   * comes with it, null for none. Node looks no further up than a node_modules folder.
   */
  packageAbove(path: string, folder: string): string | null {
    if (this.#nodes.has(posix.join(folder, "package.json"))) return "own";
    for (const above of foldersAbove(path)) {
      if (posix.basename(above) === "node_modules") return null;
      if (this.#nodes.has(posix.join(above, "package.json"))) return above;
    }
    return null;
  }

  /** Scripts of the environment's own: those in no node_modules folder. */
  *ownScripts(): Generator<PlannedFile> {
    for (const entry of this.#nodes.values()) {
      if (entry.type === "file" && SCRIPT.test(entry.path) && !DECLARATIONS.test(entry.path) && !isInModules(entry.path)) yield entry;
    }
  }
}

/** Reads a file of a plan. */
export type ReadPlanned = (file: PlannedFile) => Buffer;

/** The first script below a folder, without its dependencies, that reaches for something outside of the folder; else null. */
export function findClimbOut(tree: LinkedTree, folder: string, read: ReadPlanned): string | null {
  for (const entry of scriptsOf(tree, folder)) {
    const depth = entry.path.slice(folder.length + 1).split("/").length - 1;
    if (climbsOf(read(entry).toString("latin1")) > depth) return entry.path;
  }
  return null;
}

/**
 * A file of TypeScript below a folder that somebody loads as it is; else null. Its ending has to be named by whoever
 * does: by package.json, by a script beside it, or by one of the environment's that imports it by the package's name.
 */
export function findTypescript(tree: LinkedTree, folder: string, read: ReadPlanned): string | null {
  const scripts = [...scriptsOf(tree, folder)];
  const found = scripts.find(({ path }) => TYPESCRIPT.test(path));
  if (found === undefined) return null;
  if (scripts.some((script) => namesTypescript(read(script).toString("latin1")))) return found.path;
  const entry = tree.get(posix.join(folder, "package.json"));
  const json = entry?.type === "file" ? parseObject(read(entry).toString()) : null;
  if (json === null) return found.path;
  if (["main", "exports", "imports", "bin"].some((field) => namesTypescript(JSON.stringify(withoutTypes(json[field])) ?? "")))
    return found.path;
  const start = new RegExp(`["'\`]${escapeForRegExp(String(json.name))}/[^"'\`\\n]{1,500}\\.[cm]?tsx?["'\`]`);
  for (const script of tree.ownScripts()) if (start.test(read(script).toString("latin1"))) return found.path;
  return null;
}

/** What TypeScript reads of `exports` is nothing that Node loads. */
function withoutTypes(value: unknown): unknown {
  const fields = asObject(value);
  if (fields === null) return Array.isArray(value) ? value.map(withoutTypes) : value;
  return Object.entries(fields).flatMap(([name, one]) => (/^types(@|$)/.test(name) ? [] : [withoutTypes(one)]));
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** The scripts of a package's own: those below its folder but not in a node_modules folder. */
function* scriptsOf(tree: LinkedTree, folder: string): Generator<PlannedFile> {
  for (const entry of tree.below(folder)) {
    const inside = entry.path.slice(folder.length + 1);
    if (entry.type === "file" && SCRIPT.test(inside) && !DECLARATIONS.test(inside) && !isInModules(inside)) yield entry;
  }
}

/** Whether a path leads through a node_modules folder. */
export function isInModules(path: string): boolean {
  return path.split("/").includes("node_modules");
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The folders that hold a path, the nearest first; "" is the archive's root. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = path; folder !== "";) {
    folder = parentOf(folder);
    folders.push(folder);
  }
  return folders;
}
