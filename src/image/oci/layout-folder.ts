import { lstat, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OUTPUT_PREFIX } from "../../engine/sinks/output.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { clearLeftovers, workName } from "../../support/leftovers.js";
import { makeFolders, removeMade } from "../../support/make-folders.js";
import type { LayoutTarget } from "./layout-writer.js";

/**
 * A layout as a folder that appears whole or not at all; `force` replaces another layout, and nothing else.
 *
 * @param path absolute
 * @throws EnvpackError OUTPUT_EXISTS …
 */
export async function openFolderLayout(path: string, { force }: { readonly force: boolean }): Promise<LayoutTarget> {
  await refuseTaken(path, force);
  try {
    const madeParents = await makeFolders(dirname(path));
    const staging = join(dirname(path), await workName(OUTPUT_PREFIX));
    await mkdir(join(staging, "blobs/sha256"), { recursive: true });
    return new FolderLayout(path, staging, force, madeParents);
  } catch (error) {
    throw explainError(error, "cannot write the image", path);
  }
}

/** A layout in a folder that is there, and goes with it: what is to be pushed and kept nowhere. */
export async function openSpool(folder: string): Promise<LayoutTarget> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  return new FolderLayout(null, folder, false, []);
}

const WRITING = "writing";

class FolderLayout implements LayoutTarget {
  readonly #path: string | null;
  readonly #staging: string;
  readonly #force: boolean;
  readonly #madeParents: readonly string[];
  #handle: FileHandle | null = null;
  #isDone = false;

  constructor(path: string | null, staging: string, force: boolean, madeParents: readonly string[]) {
    this.#path = path;
    this.#staging = staging;
    this.#force = force;
    this.#madeParents = madeParents;
  }

  begin(): Promise<void> {
    return this.#doing(async () => {
      this.#handle = await open(join(this.#staging, WRITING), "w", 0o666);
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#doing(async () => {
      for (let done = 0; done < bytes.length;) done += (await this.#handle?.write(bytes, done))?.bytesWritten ?? 0;
    });
  }

  end(path: string | null): Promise<void> {
    return this.#doing(async () => {
      if (this.#path !== null) await this.#handle?.sync();
      await this.#close();
      if (path === null) await rm(join(this.#staging, WRITING));
      else await rename(join(this.#staging, WRITING), join(this.#staging, path));
    });
  }

  async commit(): Promise<void> {
    const path = this.#path;
    this.#isDone = true;
    if (path === null) return;
    await this.#doing(async () => {
      await refuseTaken(path, this.#force);
      const old = join(dirname(path), await workName(OUTPUT_PREFIX));
      const had = await rename(path, old).then(
        () => true,
        () => false,
      );
      try {
        await rename(this.#staging, path);
      } catch (error) {
        if (had) await rename(old, path);
        this.#isDone = false;
        throw error;
      }
      await rm(old, { recursive: true, force: true });
      await clearLeftovers(dirname(path), OUTPUT_PREFIX);
    });
  }

  async abort(): Promise<void> {
    await this.#close();
    if (this.#isDone || this.#path === null) return;
    await rm(this.#staging, { recursive: true, force: true });
    await removeMade(this.#madeParents);
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #doing(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw explainError(error, "cannot write the image", this.#path ?? this.#staging);
    }
  }
}

async function refuseTaken(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return;
  const isLayout = stats.isDirectory() && (await lstat(join(path, "oci-layout")).catch(() => null))?.isFile() === true;
  if (isLayout && force) return;
  throw new EnvpackError("OUTPUT_EXISTS", isLayout ? "the output exists already" : "the output exists and is no image layout", {
    path,
    hint: isLayout ? "name another, or replace it with --force" : "name another",
  });
}
