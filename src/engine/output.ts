import { randomBytes } from "node:crypto";
import { link, lstat, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { EnvpackError, explainError } from "../errors.js";
import { makeFolders, removeMade } from "./made-folders.js";
import { release } from "../archive/release.js";

/** Where an archive's bytes go. After `write` has failed, or instead of `commit`, `abort` is called. */
export interface Sink {
  /** Takes bytes, which are the sink's from then on; settles when more may come. */
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
export async function openOutput(path: string, { force }: { readonly force: boolean }): Promise<FileOutput> {
  await refuseExisting(path, force);
  const madeParents = await doing(path, () => makeFolders(dirname(path)));
  // Whatever the output is called: with its name in it, this one could be too long. Packing knows it (src/plan/selection.ts).
  const temporary = join(dirname(path), `.envpack-output-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    const handle = await doing(path, () => open(temporary, "wx", 0o666));
    return new FileSink({ path, temporary, madeParents, force }, handle);
  } catch (error) {
    await removeMade(madeParents);
    throw error;
  }
}

/** Where a file goes, and how it gets there. */
interface Place {
  readonly path: string;
  readonly temporary: string;
  readonly madeParents: readonly string[];
  readonly force: boolean;
}

class FileSink implements FileOutput {
  readonly #place: Place;
  readonly #handle: FileHandle;
  #open = true;

  constructor(place: Place, handle: FileHandle) {
    this.#place = place;
    this.#handle = handle;
  }

  get temporary(): string {
    return this.#place.temporary;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await doing(this.#place.path, async () => {
      for (let done = 0; done < bytes.length; ) done += (await this.#handle.write(bytes, done)).bytesWritten;
    });
    release(bytes);
  }

  async commit(path = this.#place.path): Promise<void> {
    const { temporary, force } = this.#place;
    await doing(path, async () => {
      await this.#handle.sync();
      await this.#close();
      if (force) await rename(temporary, path);
      else await this.#publishNew(path);
      await syncFolder(dirname(path));
    });
  }

  async abort(): Promise<void> {
    await this.#close();
    await rm(this.#place.temporary, { force: true });
    await removeMade(this.#place.madeParents);
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

/** @throws EnvpackError OUTPUT_EXISTS, unless what is there is a file and may be replaced */
export async function refuseExisting(path: string, force: boolean): Promise<void> {
  const stat = await doing(path, () =>
    lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    }),
  );
  if (stat === null || (force && (stat.isFile() || stat.isSymbolicLink()))) return;
  if (force) throw new EnvpackError("OUTPUT_EXISTS", "the output exists and is not a file", { path });
  throw exists(path);
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
