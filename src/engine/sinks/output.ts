import { link, lstat, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { EnvpackError, explainError } from "../../support/errors.js";
import { clearLeftovers, workName } from "../../support/leftovers.js";
import { makeFolders, removeMade } from "../../support/make-folders.js";
import { release } from "../../archive/release.js";

/** What files and folders beside an output are called while it is made; packing knows the names (src/archive/work-names.ts). */
export const OUTPUT_PREFIX = ".envpack-output-";

/** Where an archive's bytes go. After `write` has failed, or instead of `commit`, `abort` is called. */
export interface Sink {
  /** Whether the bytes are the caller's again once `write` has settled; absent: they are the sink's for good. */
  readonly returnsBytes?: true;
  /** Takes bytes; settles when more may come. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes what was written last and visible; a file under another name of the same folder where one is given. */
  commit(path?: string): Promise<void>;
  /** Leaves nothing behind; harmless after `commit`. */
  abort(): Promise<void>;
}

/** A sink that is a file. */
export interface FileOutput extends Sink {
  /** Where its bytes lie until they are made visible. */
  readonly temporary: string;
}

/**
 * A file that appears whole or not at all: written under another name beside it, then renamed. Its mode
 * obeys the umask. The folders above it are made where they are missing, as a target's are.
 *
 * @param path absolute
 * @throws EnvpackError OUTPUT_EXISTS where there is one and `force` is false, or where it is no file
 */
export async function openOutput(
  path: string,
  { force, mode = 0o666 }: { readonly force: boolean; readonly mode?: number },
): Promise<FileOutput> {
  await refuseExisting(path, force);
  const madeParents = await doing(path, () => makeFolders(dirname(path)));
  // Whatever the output is called: with its name in it, this one could be too long.
  const temporary = join(dirname(path), await workName(OUTPUT_PREFIX));
  try {
    const handle = await doing(path, () => open(temporary, "wx", mode));
    return new FileSink({ path, temporary, madeParents, force }, handle);
  } catch (error) {
    await removeMade(madeParents);
    throw error;
  }
}

/** Where a file goes, and how it gets there. */
interface PendingFile {
  readonly path: string;
  readonly temporary: string;
  readonly madeParents: readonly string[];
  readonly force: boolean;
}

class FileSink implements FileOutput {
  readonly returnsBytes = true;
  readonly #place: PendingFile;
  readonly #handle: FileHandle;
  #open = true;

  constructor(place: PendingFile, handle: FileHandle) {
    this.#place = place;
    this.#handle = handle;
  }

  get temporary(): string {
    return this.#place.temporary;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await doing(this.#place.path, async () => {
      for (let done = 0; done < bytes.length;) done += (await this.#handle.write(bytes, done)).bytesWritten;
    });
    release(bytes);
  }

  async commit(path = this.#place.path): Promise<void> {
    const { force } = this.#place;
    await doing(path, async () => {
      await this.#handle.sync();
      await this.#close();
      if (force) await this.#replace(path);
      else await this.#publishNew(path);
      await syncFolder(dirname(path));
      await clearLeftovers(dirname(path), OUTPUT_PREFIX);
    });
  }

  async abort(): Promise<void> {
    await this.#close();
    await rm(this.#place.temporary, { force: true });
    await removeMade(this.#place.madeParents);
  }

  /** What stands there is looked at again: packing takes its time. */
  async #replace(path: string): Promise<void> {
    await refuseExisting(path, true);
    await rename(this.#place.temporary, path);
  }

  /** A link fails where a file of that name has come up meanwhile; a rename would replace it. */
  async #publishNew(path: string): Promise<void> {
    const { temporary } = this.#place;
    try {
      await link(temporary, path);
      await rm(temporary, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists(path);
      // A file system without hard links.
      await refuseExisting(path, false);
      await rename(temporary, path);
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/** Makes a rename last; not every system can open a folder for that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => null);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}

/**
 * Writes a file that appears whole or not at all.
 *
 * @param force whether it may take the place of another file
 * @throws EnvpackError as openOutput, and what writing throws
 */
export async function writeWhole(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const output = await openOutput(path, { force });
  try {
    await output.write(bytes);
    await output.commit();
  } catch (error) {
    await output.abort();
    throw error;
  }
}

/** @throws EnvpackError OUTPUT_EXISTS, unless what is there is a file and may be replaced */
export async function refuseExisting(path: string, force: boolean): Promise<void> {
  const stat = await doing(path, () =>
    lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    }),
  );
  if (stat === null || (force && stat.isFile())) return;
  if (stat.isFile()) throw exists(path);
  // A link may be somebody's way to something else, and /dev/stdout is one: neither it nor what it leads to is replaced.
  const what = stat.isSymbolicLink() ? "a link" : stat.isDirectory() ? "a folder" : "no plain file";
  const hint = stat.isSymbolicLink() ? "name what it leads to, or remove the link; - is stdout" : "name a file; - is stdout";
  throw new EnvpackError("OUTPUT_EXISTS", `the output exists and is ${what}`, { path, hint });
}

function exists(path: string): EnvpackError {
  return new EnvpackError("OUTPUT_EXISTS", "the output exists already", { path, hint: "name another, or replace it with --force" });
}

async function doing<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw explainError(error, "cannot write the archive", path);
  }
}

/** A sink for bytes that nobody wants: those of a tar whose entries went into a folder. */
export const NOWHERE: Sink = {
  returnsBytes: true,
  write: async (bytes) => release(bytes),
  commit: async () => undefined,
  abort: async () => undefined,
};

/** A stream as a sink: what was written stays written, and the stream is the caller's to end. */
export function writableSink(stream: Writable): Sink {
  let failure: Error | null = null;
  const fail = (error: Error): void => {
    failure ??= error;
  };
  stream.on("error", fail);
  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => {
        const explained = error === null || error === undefined ? null : explainError(error, "cannot write the archive");
        if (explained === null) resolve();
        else reject(explained instanceof Error ? explained : new Error("the stream failed", { cause: explained }));
      };
      if (failure !== null) done(failure);
      else stream.write(bytes, done);
    });
  const release = async (): Promise<void> => {
    stream.off("error", fail);
  };
  return { write, commit: release, abort: release };
}
