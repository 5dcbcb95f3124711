import { chmodSync, closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { join, sep } from "node:path";
import type { WithoutTime } from "../../archive/tar/entry-header.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { whyNotMade } from "../../support/make-folders.js";

/** A file is always new, and nothing is written through a link. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** A file of which several threads write a part each. */
const PART_FLAGS = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

const FOLDER_MODE = 0o755;
/** What a folder's owner needs to fill it. */
const OWNER_ALL = 0o700;

/**
 * The mode that folders get at the end, where they could not be made with it: where the umask takes
 * rights from their owner. Else null.
 */
export function finalFolderMode(): number | null {
  const mode = FOLDER_MODE & ~process.umask();
  return (mode & OWNER_ALL) === OWNER_ALL ? null : mode;
}

/** The mode that a file gets by the umask. */
export function fileMode(executable: boolean): number {
  return (executable ? 0o755 : 0o644) & ~process.umask();
}

/**
 * Writes files and folders below a folder that nobody else writes to. Threads work at the same time, so
 * folders are made when they are first needed. No link is made before the last file is written, so
 * that no path can lead out.
 */
export class FolderWriter {
  /** With a slash at its end: names are put behind it as they are, a million times. */
  readonly #root: string;
  readonly #folderMode = finalFolderMode();
  readonly #made = new Set<string>([""]);
  #last = "";

  constructor(root: string) {
    this.#root = root.endsWith(sep) ? root : `${root}${sep}`;
  }

  /** Writes a folder or a file; links are left to the end. */
  write(entry: WithoutTime, body: Uint8Array): void {
    if (entry.type === "directory") this.#makeFolder(entry.path);
    if (entry.type !== "file") return;
    const fd = this.create(entry.path, entry.executable);
    try {
      for (let done = 0; done < body.length;) done += writeSync(fd, body, done);
    } catch (error) {
      throw explainWrite(error, entry.path);
    } finally {
      closeSync(fd);
    }
  }

  /** Creates a file, and the folders above it, and opens it for writing. */
  create(path: string, executable: boolean): number {
    return this.#open(path, executable, FLAGS);
  }

  /** As `create`, where another thread may have created the file already. */
  openPart(path: string, executable: boolean): number {
    return this.#open(path, executable, PART_FLAGS);
  }

  /** Makes the folders above a file. */
  makeFolderOf(path: string): void {
    const slash = path.lastIndexOf("/");
    // Most files lie in the folder of the one before.
    if (slash <= 0 || (slash === this.#last.length && path.startsWith(this.#last))) return;
    const folder = path.slice(0, slash);
    this.#makeFolder(folder);
    this.#last = folder;
  }

  #open(path: string, executable: boolean, flags: number): number {
    this.makeFolderOf(path);
    try {
      return openSync(this.#root + path, flags, executable ? 0o755 : 0o644);
    } catch (error) {
      throw explainWrite(error, path);
    }
  }

  #makeFolder(path: string): void {
    if (this.#made.has(path)) return;
    try {
      if (this.#folderMode === null) mkdirSync(this.#root + path, { recursive: true, mode: FOLDER_MODE });
      else makeOpenFolders(this.#root, path);
    } catch (error) {
      throw explainWrite(whyNotMade(error, this.#root + path), path);
    }
    this.#made.add(path);
  }
}

/** Makes folders that can be filled in spite of the umask. */
function makeOpenFolders(root: string, path: string): void {
  let folder = root;
  for (const name of path.split("/")) {
    folder = join(folder, name);
    if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, OWNER_ALL);
  }
}

/** A system error of writing an entry, as a refusal that names it. */
export function explainWrite(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EEXIST" || code === "ENOTDIR" || code === "ELOOP" || code === "EISDIR") {
    return new EnvpackError("ARCHIVE_UNSAFE", "the archive holds this path twice, or this file system does not tell it from another", {
      path,
      cause: error,
    });
  }
  const explained = explainError(error, "cannot write an entry", path);
  if (!(explained instanceof EnvpackError) || explained.path === path) return explained;
  return new EnvpackError(explained.code, explained.message, { path, hint: explained.hint, cause: error });
}
