import { chmodSync, closeSync, constants, copyFileSync, statSync, writeSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileSource, PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { fileMode, FolderWriter, explainWrite } from "../read/folder-writer.js";
import { takeOwner } from "../../support/take-owner.js";
import { isUnchanged, sourceChanged } from "../write/read-source.js";
import type { EntrySink } from "./entry-sink.js";

/** A folder that files are put into. */
export interface FolderPlace {
  /** Absolute; it exists, is empty, and nobody else writes to it. */
  readonly folder: string;
  /** The devices (st_dev) whose files become clones there: they share blocks until one of the two is written to. */
  readonly clonesFrom: readonly number[];
}

/** Bytes. To write less than a few blocks, which are in memory already, costs no more than to clone them. */
const CLONE_MIN = 1 << 14;

/** Puts folders and files below a folder; links are made once all files are there. */
export class FolderSink implements EntrySink {
  readonly #folder: string;
  readonly #clonesFrom: ReadonlySet<number>;
  readonly #writer: FolderWriter;

  constructor({ folder, clonesFrom }: FolderPlace) {
    this.#folder = folder;
    this.#clonesFrom = new Set(clonesFrom);
    this.#writer = new FolderWriter(folder);
  }

  take(entry: PlannedEntry, content: Uint8Array): void {
    if (entry.type === "file" && isCloned(entry, this.#clonesFrom) && this.#copy(entry, constants.COPYFILE_FICLONE_FORCE)) return;
    this.#writer.write(entry, content);
  }

  /** A clone is made with the first piece, of the whole file; what a file does not let be cloned is copied by the system then. */
  takePiece(file: PlannedFile, at: number, content: Uint8Array): void {
    if (isCloned(file, this.#clonesFrom)) {
      if (at === 0 && !this.#copy(file, constants.COPYFILE_FICLONE_FORCE)) this.#copy(file, 0);
      return;
    }
    const fd = this.#writer.openPart(file.path, file.executable);
    try {
      for (let done = 0; done < content.length;) done += writeSync(fd, content, done, content.length - done, at + done);
    } catch (error) {
      throw explainWrite(error, file.path);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Copies a source that was read and hashed a moment ago, and makes sure that it is still the same.
   *
   * @returns false where this file could not be cloned
   */
  #copy({ path, executable, source }: PlannedFile, how: number): boolean {
    if (source.kind !== "disk") return false;
    this.#writer.makeFolderOf(path);
    const to = join(this.#folder, path);
    try {
      copyFileSync(source.file, to, constants.COPYFILE_EXCL | how);
      takeOwner(to);
      chmodSync(to, fileMode(executable));
    } catch (error) {
      if (how !== 0 && isNoClone(error)) return false;
      // The folder is there, so it is the source that is gone.
      throw (error as NodeJS.ErrnoException).code === "ENOENT" ? sourceChanged(source.file) : explainWrite(error, path);
    }
    const now = statSync(source.file, { throwIfNoEntry: false });
    if (now === undefined || !isUnchanged(now, source.identity)) throw sourceChanged(source.file);
    return true;
  }
}

/**
 * The devices whose files can be cloned into a folder: tried with a file of each.
 *
 * @param trial a path in that folder's file system; nothing is there, before and afterwards
 */
export async function findClonable(entries: readonly PlannedEntry[], trial: string): Promise<number[]> {
  const tried = new Map<number, boolean>();
  for (const entry of entries) {
    if (entry.type !== "file" || entry.size < CLONE_MIN || entry.source.kind !== "disk" || tried.has(entry.source.identity.dev)) continue;
    tried.set(entry.source.identity.dev, await tryClone(entry.source, trial));
  }
  return [...tried].flatMap(([device, clones]) => (clones ? [device] : []));
}

/** What cannot be cloned for whatever reason is read and written, and that tells the reason. */
async function tryClone({ file }: Extract<FileSource, { readonly kind: "disk" }>, trial: string): Promise<boolean> {
  try {
    await copyFile(file, trial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { force: true });
  }
}

function isCloned({ size, source }: PlannedFile, devices: ReadonlySet<number>): boolean {
  return size >= CLONE_MIN && source.kind === "disk" && devices.has(source.identity.dev);
}

/** Another file system, or a file whose blocks cannot be shared (btrfs' nodatacow). */
function isNoClone(error: unknown): boolean {
  return ["ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOSYS", "ENOTTY", "EPERM", "ETXTBSY"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );
}
