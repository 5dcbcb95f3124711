import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Entry, FileEntry } from "../../archive/entry.js";
import { findOriginal } from "../../relocate/original.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { readRecords, type Records } from "../../inspect/verify/compare.js";
import { checkDigest } from "./read-archive-files.js";
import type { TreeFile } from "./packed-tree.js";

/** Not through a link, and without waiting for the other end of a pipe. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Bytes that the path of the environment's place may add to a file. */
const GROWTH = 16 << 20;

const REPAIR = "mend the environment: `envpack verify FOLDER --repair ARCHIVE`";

/**
 * Reads files of a restored environment as they were packed: what a relocation wrote into them is undone, and
 * a file that was edited is refused.
 *
 * @throws EnvpackError DIGEST_MISMATCH, NO_PERMISSION, INTERRUPTED …
 */
export async function* readFolderFiles(
  folder: string,
  entries: readonly Entry[],
  wanted: ReadonlySet<string>,
  signal?: AbortSignal,
): AsyncGenerator<TreeFile> {
  const real = await realpath(folder);
  const records = await readRecords(real);
  for (const entry of entries) {
    if (entry.type !== "file" || !wanted.has(entry.path)) continue;
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
    yield { path: entry.path, content: await readPacked(real, entry, records) };
  }
}

async function readPacked(folder: string, entry: FileEntry, { fixups, relocation }: Records): Promise<Buffer> {
  const content = await readInside(folder, entry);
  const fixup = fixups.get(entry.path);
  const original = fixup === undefined ? null : findOriginal(content, fixup, relocation, entry.sha256);
  if (original !== null) return original;
  checkDigest(content, entry, REPAIR);
  return content;
}

/** A folder on the way may be a link by now: then what it leads to is not the environment's. */
async function readInside(folder: string, { path, size }: FileEntry): Promise<Buffer> {
  const file = join(folder, path);
  let handle: FileHandle | null = null;
  try {
    if ((await realpath(dirname(file))) !== dirname(file)) throw changed(path);
    handle = await open(file, FLAGS);
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > size + GROWTH) throw changed(path);
    return await handle.readFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO") throw changed(path);
    throw explainError(error, "cannot read the environment", file);
  } finally {
    await handle?.close();
  }
}

function changed(path: string): EnvpackError {
  return new EnvpackError("DIGEST_MISMATCH", "a file is missing, or is not what was packed", { path, hint: REPAIR });
}
