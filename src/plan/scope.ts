import { readFileSync, realpathSync } from "node:fs";
import { posix, relative, sep } from "node:path";
import { readShimTarget } from "../environment/managers/shim.js";
import type { Candidate } from "./selection.js";

/**
 * Part of a folder: some packages in it, and nothing else. A workspace's member takes of the
 * workspace just its closure; of a folder outside the root just the packages go in that links lead to,
 * with what they need.
 */
export class Scope {
  /** The folders on the way to what goes in. */
  private readonly above = new Set<string>();
  private readonly root: string;

  /**
   * @param root absolute
   * @param packages folders and files relative to the root that go in; "" is the root itself
   * @param apart folders relative to the root that go in elsewhere
   */
  constructor(
    root: string,
    private readonly packages: ReadonlySet<string>,
    private readonly apart: readonly string[] = [],
  ) {
    this.root = realpathSync(root);
    for (const path of packages) {
      for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder)) this.above.add(folder);
    }
  }

  /** Whether something goes in, or is a folder in which something may. */
  holds(candidate: Candidate): boolean {
    const { path, name, type } = candidate;
    if (this.packages.has(path) || this.above.has(path)) return true;
    const place = placeInModules(path);
    if (type === "folder" && place !== "package" && place !== null) return this.isOnTheWay(path, name, place);
    if (type === "symlink" && place !== null) return this.isTarget(candidate.file);
    if (place === "bin") return type === "file" && this.shimLeadsInside(candidate.file);
    return this.isInPackage(path);
  }

  /** The folders in which links to packages lie; they are empty where none of them leads inside. */
  private isOnTheWay(path: string, name: string, place: string): boolean {
    return place === "scope" || name === ".bin" || this.isInPackage(posix.dirname(path)) || this.above.has(posix.dirname(path));
  }

  /** Whether a path belongs to one of the packages, and not to one that is installed in it. */
  private isInPackage(path: string): boolean {
    if (this.apart.some((folder) => path === folder || path.startsWith(`${folder}/`))) return false;
    for (let folder = path; ; folder = posix.dirname(folder)) {
      const owner = folder === "." ? "" : folder;
      if (this.packages.has(owner)) {
        const inside = owner === "" ? path : path.slice(owner.length + 1);
        return !/^node_modules(\/|$)/.test(inside);
      }
      if (owner === "") return false;
    }
  }

  private shimLeadsInside(file: string): boolean {
    const target = readShimTarget(readFileSync(file, "utf8"));
    return target !== null && this.isTarget(posix.join(posix.dirname(file), target));
  }

  /** A link that leads out of this root is the business of the rule about links. */
  private isTarget(file: string): boolean {
    try {
      const path = relative(this.root, realpathSync(file)).split(sep).join("/");
      return path.startsWith("../") || this.packages.has(path) || this.isInPackage(path);
    } catch {
      return false;
    }
  }
}

/** What something right in a node_modules folder is; null: it lies elsewhere. */
function placeInModules(path: string): "modules" | "scope" | "bin" | "package" | null {
  const parts = path.split("/");
  const at = parts.lastIndexOf("node_modules");
  if (at === -1) return null;
  const inside = parts.slice(at + 1);
  if (inside.length === 0) return "modules";
  if (inside[0] === ".bin") return inside.length === 1 ? "scope" : "bin";
  if (inside[0]?.startsWith("@")) return inside.length === 1 ? "scope" : inside.length === 2 ? "package" : null;
  return inside.length === 1 ? "package" : null;
}
