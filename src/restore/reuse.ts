import { chmodSync, lstatSync, readFileSync, type Stats } from "node:fs";
import { constants, copyFile, link } from "node:fs/promises";
import { join } from "node:path";
import type { FileEntry } from "../archive/entry.js";
import type { FolderWriter } from "../engine/read/folder-writer.js";
import { findOriginal } from "../relocate/original.js";
import { baseChanged, type Base } from "./base.js";
import { isTrusted } from "../support/owner.js";
import { digestFile } from "../inspect/verify/compare-entry.js";
import { takeOwner } from "../support/take-owner.js";
import { sha256Of } from "../support/digest.js";

/** Bytes up to which a file is read, hashed and written in one go, each just once. */
const SMALL_FILE = 1 << 20;

/** Takes files of a base into a new environment, with the content that the base's archive had. */
export class Reuse {
  readonly #base: Base;
  readonly #tree: string;
  readonly #writer: FolderWriter;
  readonly #links: boolean;
  readonly #mask = process.umask();
  /** By content. */
  readonly #files: ReadonlyMap<string, FileEntry>;
  readonly #paths: ReadonlyMap<string, FileEntry>;
  /** Files that became hard links of the base's. */
  linked = 0;

  /**
   * @param tree where the new environment is made, absolute; its folders are there
   * @param links whether files may be hard links of the base's, where nothing speaks against it
   */
  constructor(base: Base, tree: string, writer: FolderWriter, links: boolean) {
    const files = base.entries.filter((entry): entry is FileEntry => entry.type === "file");
    this.#base = base;
    this.#tree = tree;
    this.#writer = writer;
    this.#links = links;
    this.#files = new Map(files.map((entry) => [entry.sha256, entry]));
    this.#paths = new Map(files.map((entry) => [entry.path, entry]));
  }

  /**
   * Makes a file out of one of the base with the same content, at the same place if there is one.
   *
   * @returns false where the base has none
   * @throws EnvpackError VERIFY_DIFFERS where the base's file is not as it was packed
   */
  async take(entry: FileEntry): Promise<boolean> {
    const same = this.#paths.get(entry.path);
    const source = same?.sha256 === entry.sha256 ? same : this.#files.get(entry.sha256);
    if (source === undefined) return false;
    const from = join(this.#base.tree.folder, source.path);
    const stats = readStats(from);
    const { relocation, fixups } = this.#base.tree;
    const fixup = relocation?.files.has(source.path) === true ? fixups.get(source.path) : undefined;
    if (fixup !== undefined) {
      const original = findOriginal(readFileSync(from), fixup, relocation, entry.sha256);
      if (original === null) throw baseChanged(from);
      this.#writer.write(entry, original);
    } else if (stats.size !== entry.size) {
      throw baseChanged(from);
    } else if (this.#links && (await this.#link(entry, from, stats))) {
      this.linked++;
    } else {
      await this.#copy(entry, from);
    }
    return true;
  }

  /** A link shares mode and owner, so those must be right as well; what cannot be linked is copied. */
  async #link(entry: FileEntry, from: string, stats: Stats): Promise<boolean> {
    if ((stats.mode & 0o7777) !== this.#modeOf(entry) || !isTrusted(stats)) return false;
    if ((await digestFile(from, stats.size)) !== entry.sha256) throw baseChanged(from);
    try {
      await link(from, join(this.#tree, entry.path));
      return true;
    } catch (error) {
      // Another file system, another user's file, or too many links.
      if (["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? ""))
        return false;
      throw error;
    }
  }

  async #copy(entry: FileEntry, from: string): Promise<void> {
    if (entry.size <= SMALL_FILE) {
      const content = readFileSync(from);
      if (sha256Of(content) !== entry.sha256) throw baseChanged(from);
      this.#writer.write(entry, content);
      return;
    }
    const to = join(this.#tree, entry.path);
    // Where the file system can, the copy shares the blocks until one of the two is written to.
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    takeOwner(to);
    if ((await digestFile(to, entry.size)) !== entry.sha256) throw baseChanged(from);
    chmodSync(to, this.#modeOf(entry));
  }

  #modeOf({ executable }: FileEntry): number {
    return (executable ? 0o755 : 0o644) & ~this.#mask;
  }
}

function readStats(path: string): Stats {
  try {
    const stats = lstatSync(path);
    if (stats.isFile()) return stats;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
  throw baseChanged(path);
}
