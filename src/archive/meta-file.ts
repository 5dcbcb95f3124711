import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvpackError } from "../support/errors.js";
import { MAX_FIXUPS, MAX_INDEX_BYTES, MAX_MANIFEST } from "../support/limits.js";
import { inArchiveOrder } from "./archive-order.js";
import { META } from "./entry.js";
import { IndexDecoder, type ArchiveIndex } from "./index/index-file.js";
import type { DeclaredTotals } from "./index/declared-totals.js";
import { checkTree } from "./tree.js";

/** Bytes of the records that are read whole, as many as an archive may bring; what is written down after a restore takes no more. */
const LIMITS: ReadonlyMap<string, number> = new Map([[META.manifest, MAX_MANIFEST]]);

/** Bytes that are read at a time. */
const CHUNK = 256 << 10;

/** Not through a link, and without waiting for the other end of a pipe. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads one of envpack's own files in a restored environment, but its index. Any program may have unpacked
 * that, so what stands there may be a link, a pipe or a device, and their folder a link: then it is refused,
 * as is one that is larger than it may be.
 *
 * @returns null where there is none
 * @throws EnvpackError NOT_AN_ENVIRONMENT, ARCHIVE_LIMIT; system errors as they are
 */
export async function readOwnFile(folder: string, arcpath: string): Promise<Buffer | null> {
  const path = join(folder, arcpath);
  const opened = await openFile(path);
  if (opened === null) return null;
  try {
    if (opened.size > (LIMITS.get(arcpath) ?? MAX_FIXUPS)) throw tooLarge(path);
    return await opened.handle.readFile();
  } finally {
    await opened.handle.close();
  }
}

/**
 * Reads the index of a restored environment piece by piece, so that one which is none is found out at its
 * first line, however long it is.
 *
 * @param limits declared by the environment's manifest, where that is known to be whole
 * @returns null where there is none
 * @throws EnvpackError NOT_AN_ENVIRONMENT, ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_LIMIT …; system errors as they are
 */
export async function readOwnIndex(
  folder: string,
  limits: DeclaredTotals | null = null,
): Promise<{ readonly index: ArchiveIndex; readonly sha256: string } | null> {
  const decoder = new IndexDecoder(limits);
  const sha256 = await readPieces(folder, (piece) => {
    decoder.push(piece);
  });
  if (sha256 === null) return null;
  const index = decoder.finish();
  checkTree(index.entries);
  return { index: { ...index, entries: inArchiveOrder(index.entries) }, sha256 };
}

/** SHA-256 of a restored environment's index, in hex; null where there is none. Throws as `readOwnIndex` does. */
export async function digestOwnIndex(folder: string): Promise<string | null> {
  return readPieces(folder, () => undefined);
}

/**
 * The bytes of an index that was decoded before.
 *
 * @param sha256 what `readOwnIndex` gave
 * @throws EnvpackError ARCHIVE_CORRUPT where it was changed meanwhile
 */
export async function readOwnIndexBytes(folder: string, sha256: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const found = await readPieces(folder, (piece) => {
    pieces.push(piece);
  });
  if (found === sha256) return Buffer.concat(pieces);
  throw new EnvpackError("ARCHIVE_CORRUPT", "the environment's index was changed while it was read", { path: folder });
}

async function readPieces(folder: string, take: (piece: Buffer) => void): Promise<string | null> {
  const path = join(folder, META.index);
  const opened = await openFile(path);
  if (opened === null) return null;
  try {
    if (opened.size > MAX_INDEX_BYTES) throw tooLarge(path);
    const hash = createHash("sha256");
    for (let left = opened.size; left > 0;) {
      const { buffer, bytesRead } = await opened.handle.read(Buffer.alloc(Math.min(CHUNK, left)));
      if (bytesRead === 0) break;
      left -= bytesRead;
      hash.update(buffer.subarray(0, bytesRead));
      take(buffer.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await opened.handle.close();
  }
}

interface Opened {
  readonly handle: FileHandle;
  readonly size: number;
}

async function openFile(path: string): Promise<Opened | null> {
  const handle = await openPlain(path);
  if (handle === null) return null;
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw refuse(path);
}

async function openPlain(path: string): Promise<FileHandle | null> {
  try {
    // A link in the folder's place could lead to another environment's records.
    if ((await lstat(dirname(path))).isSymbolicLink()) throw refuse(path);
    return await open(path, FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    // A link; a socket or a device without a driver.
    if (code === "ELOOP" || code === "ENXIO" || code === "ENODEV") throw refuse(path);
    throw error;
  }
}

function refuse(path: string): EnvpackError {
  return new EnvpackError("NOT_AN_ENVIRONMENT", "a record of the environment is no plain file", { path });
}

function tooLarge(path: string): EnvpackError {
  return new EnvpackError("ARCHIVE_LIMIT", "a record of the environment is larger than it may be", {
    path,
    hint: "restore the environment from its archive",
  });
}
