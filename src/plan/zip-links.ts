import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileOfBytes, fileUnder, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { MAX_LINK_HOPS } from "../archive/path-rules.js";
import { parseObject } from "../environment/package-json.js";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { byPath } from "./found-paths.js";
import { findClimbOut, findTypescript, isCode, isInModules, LinkedTree } from "./linked-tree.js";
import { append } from "../support/append.js";

/** Makes a script that starts another file, in place of a link to it: given the folder it stands in and the file, both arcpaths. */
export type MakeLauncher = (folder: string, file: PlannedFile) => Uint8Array;

/**
 * Puts copies in the place of links, for readers of zips that know none: hard links become files. A link
 * to a command in a folder of commands becomes a script that starts it. A copy must be what the link was:
 * where Node would find other modules from it than from the folder it is a copy of, where it would have
 * no end, or where copies would more than double the environment, it is refused.
 *
 * @throws EnvpackError LINK_NEEDED
 */
export function copyLinks(
  entries: readonly PlannedEntry[],
  makeLauncher: MakeLauncher,
): { readonly entries: readonly PlannedEntry[]; readonly notices: readonly Notice[] } {
  const copier = new Copier(new LinkedTree(entries), makeLauncher);
  const copied = copyHardLinks(entries).flatMap((entry) => (entry.type === "symlink" ? copier.copy(entry.path, entry.path, []) : [entry]));
  return { entries: copied.sort(byPath), notices: copier.notices };
}

/** For formats without hard links: each name of a file becomes a file. */
export function copyHardLinks(entries: readonly PlannedEntry[]): readonly PlannedEntry[] {
  const files = new Map(entries.flatMap((entry) => (entry.type === "file" ? [[entry.path, entry] as const] : [])));
  return entries.map((entry) => {
    if (entry.type !== "hardlink") return entry;
    const file = files.get(entry.target);
    if (file === undefined) throw new Error("a hard link leads to no file");
    return fileUnder(entry.path, file);
  });
}

class Copier {
  readonly #tree: LinkedTree;
  readonly #makeLauncher: MakeLauncher;
  readonly notices: Notice[] = [];
  /** What copies may still take. */
  #entries: number;
  #bytes: number;

  constructor(tree: LinkedTree, makeLauncher: MakeLauncher) {
    this.#tree = tree;
    this.#makeLauncher = makeLauncher;
    this.#entries = tree.entries;
    this.#bytes = tree.bytes;
  }

  /**
   * What stands at `path` instead of the link at `link`, which is the same path unless the link lies in a
   * folder that is copied itself.
   *
   * @param above the folders that are being copied, the outermost first
   */
  copy(path: string, link: string, above: readonly string[]): PlannedEntry[] {
    const target = this.#tree.resolve(link);
    const entry = target === null || target === "" ? null : this.#tree.get(target);
    if (target === "") throw needed("leads to a folder that holds it", link);
    if (target === null || entry === undefined || entry === null) {
      this.notices.push({ code: "LINK_DANGLES", message: "a link leads to nothing, and is left out of the zip", path: link });
      return [];
    }
    if (entry.type === "directory") return this.#copyFolder(path, link, target, above);
    const file = this.#tree.fileAt(target);
    return [this.#copyFile(path, link, file)];
  }

  #copyFile(path: string, link: string, file: PlannedFile): PlannedFile {
    const folder = posix.dirname(path);
    const elsewhere = posix.dirname(link) !== posix.dirname(file.path);
    if (!elsewhere || !(file.executable || isCode(file.path))) {
      this.#count(file.size, link);
      return fileUnder(path, file);
    }
    if (!/(^|\/)\.?bin$/.test(folder)) throw needed("leads to a module elsewhere, which a copy would not be", link);
    const bytes = this.#makeLauncher(folder, file);
    return fileOfBytes(path, bytes, true);
  }

  #copyFolder(path: string, link: string, target: string, above: readonly string[]): PlannedEntry[] {
    if (`${link}/`.startsWith(`${target}/`) || above.includes(target) || above.length > MAX_LINK_HOPS)
      throw needed("leads to a folder that holds it", link);
    if (this.#tree.holdsCode(target)) this.#assertSameModules(path, link, target);
    const copies: PlannedEntry[] = [{ type: "directory", path }];
    this.#count(0, link);
    for (const child of this.#tree.below(target)) {
      const own = `${path}${child.path.slice(target.length)}`;
      if (child.type === "symlink") append(copies, this.copy(own, child.path, [...above, target]));
      else if (child.type === "directory") {
        this.#count(0, link);
        copies.push({ type: "directory", path: own });
      } else {
        const file = this.#tree.fileAt(child.path);
        this.#count(file.size, link);
        copies.push(fileUnder(own, file));
      }
    }
    return copies;
  }

  /** Node looks for packages in the folders above a module's real path: for a copy those above the copy. */
  #assertSameModules(path: string, link: string, target: string): void {
    const same =
      this.#tree.packageFolders(path).join("\n") === this.#tree.packageFolders(target).join("\n") && this.#isSamePackage(path, target);
    if (!same) throw needed("leads to a package that finds other packages where it lies", link);
    const typescript = isInModules(path) && !isInModules(target) ? findTypescript(this.#tree, target, readSource) : null;
    if (typescript !== null)
      throw needed(`leads to a folder whose ${JSON.stringify(typescript)} is TypeScript, which Node runs in no node_modules folder`, link);
    const file = findClimbOut(this.#tree, target, readSource);
    if (file !== null) throw needed(`leads to a folder whose ${JSON.stringify(file)} imports or looks for something outside of it`, link);
  }

  /** Whether the same package.json says of a copy what its files are, or one that says no more than none does. */
  #isSamePackage(path: string, target: string): boolean {
    const [copied, linked] = [this.#tree.packageAbove(path, target), this.#tree.packageAbove(target, target)];
    if (copied === linked) return true;
    return [copied, linked].every((folder) => folder === null || (folder !== "own" && !this.#saysWhatFilesAre(folder)));
  }

  #saysWhatFilesAre(folder: string): boolean {
    const json = parseObject(readSource(this.#tree.fileAt(posix.join(folder, "package.json"))).toString());
    return json === null || ["type", "imports", "exports"].some((field) => field in json);
  }

  #count(bytes: number, link: string): void {
    this.#entries--;
    this.#bytes -= bytes;
    if (this.#entries < 0 || this.#bytes < 0)
      throw needed("is one too many: copies in the place of links would more than double the environment", link);
  }
}

function readSource({ source }: PlannedFile): Buffer {
  return source.kind === "bytes" ? Buffer.from(source.bytes) : readFileSync(source.file);
}

function needed(what: string, path: string): EnvpackError {
  return new EnvpackError("LINK_NEEDED", `a zip without links cannot hold this environment: a link ${what}`, {
    path,
    hint: "keep the links with --zip-symlinks, or pack a .tar.gz",
  });
}
