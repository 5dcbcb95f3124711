import { readFileSync, realpathSync } from "node:fs";
import { posix, relative, sep } from "node:path";
import { readShimTarget } from "../environment/managers/shim.js";
import type { Drop } from "./drops/drop.js";
import type { Candidate } from "./candidate.js";

/** Of a workspace. */
export const WORKSPACE: Drop = { reason: "workspace", kind: "the rest of the workspace" };
/** Of a folder outside of the environment: what Node could find there, though nothing that goes in declares it. */
export const BESIDE: Drop = { reason: "beside", kind: "beside a linked package" };
/** Of a folder outside of the environment: what has nothing to do with it, which is neither looked at nor told. */
export const BEYOND: Drop = { reason: "beside", kind: "no part of the environment" };

/**
 * Part of a folder: some packages in it, and nothing else. A workspace's member takes of the
 * workspace just its closure; of a folder outside the root just the packages go in that links lead to,
 * with what they need.
 */
export class Scope {
  readonly #packages: ReadonlySet<string>;
  readonly #options: { readonly apart?: readonly string[]; readonly isOutside?: boolean };
  /** The folders on the way to what goes in. */
  readonly #above = new Set<string>();
  readonly #root: string;

  /**
   * @param root absolute
   * @param packages folders and files relative to the root that go in; "" is the root itself
   * @param apart folders relative to the root that go in elsewhere
   * @param isOutside the root is no part of the environment: what lies beside the packages is none of its business
   */
  constructor(
    root: string,
    packages: ReadonlySet<string>,
    options: { readonly apart?: readonly string[]; readonly isOutside?: boolean } = {},
  ) {
    this.#packages = packages;
    this.#options = options;
    this.#root = realpathSync(root);
    for (const path of packages) {
      for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder)) this.#above.add(folder);
    }
  }

  /** Why something does not go in; null: it does, or is a folder in which something may. */
  findDrop(candidate: Candidate): Drop | null {
    if (this.#holds(candidate)) return null;
    if (this.#options.isOutside !== true) return WORKSPACE;
    const place = placeInModules(candidate.path);
    if (place === null || place === "bin") return BEYOND;
    return this.#isSearched(candidate.path.slice(0, candidate.path.lastIndexOf("node_modules"))) ? BESIDE : BEYOND;
  }

  #holds(candidate: Candidate): boolean {
    const { path, name, type } = candidate;
    if (this.#packages.has(path) || this.#above.has(path)) return true;
    const place = placeInModules(path);
    if (type === "folder" && place !== "package" && place !== null) return this.#isOnTheWay(path, name, place);
    if (type === "symlink" && place !== null) return this.#isTarget(candidate.file);
    if (place === "bin") return type === "file" && this.#shimLeadsInside(candidate.file);
    return this.#isInPackage(path);
  }

  /** Whether Node looks into the node_modules of a folder (with "/" at its end, or "") for a package that goes in. */
  #isSearched(folder: string): boolean {
    const path = folder.replace(/\/$/, "");
    return path === "" || this.#packages.has(path) || this.#above.has(path);
  }

  /** The folders in which links to packages lie; they are empty where none of them leads inside. */
  #isOnTheWay(path: string, name: string, place: string): boolean {
    return place === "scope" || name === ".bin" || this.#isInPackage(posix.dirname(path)) || this.#above.has(posix.dirname(path));
  }

  /** Whether a path belongs to one of the packages, and not to one that is installed in it. */
  #isInPackage(path: string): boolean {
    if (this.#options.apart?.some((folder) => path === folder || path.startsWith(`${folder}/`)) === true) return false;
    for (let folder = path; ; folder = posix.dirname(folder)) {
      const owner = folder === "." ? "" : folder;
      if (this.#packages.has(owner)) {
        const inside = owner === "" ? path : path.slice(owner.length + 1);
        return !/^node_modules(\/|$)/.test(inside);
      }
      if (owner === "") return false;
    }
  }

  #shimLeadsInside(file: string): boolean {
    const target = readShimTarget(readFileSync(file, "utf8"));
    return target !== null && this.#isTarget(posix.join(posix.dirname(file), target));
  }

  /** A link that leads out of this root is the business of the rule about links. */
  #isTarget(file: string): boolean {
    try {
      const path = relative(this.#root, realpathSync(file)).split(sep).join("/");
      return path.startsWith("../") || path === "" || this.#packages.has(path) || this.#above.has(path) || this.#isInPackage(path);
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
