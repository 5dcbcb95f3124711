import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import { openArchive, type ArchiveFile, type OpenOptions } from "../../archive/read.js";
import { decodeManifest } from "../../manifest/decode.js";

export interface OpenFileOptions extends OpenOptions {
  /** What to hold the archive to; by default what its own manifest declares. */
  readonly limits?: DeclaredTotals;
}

/**
 * Opens an archive file, reads its footer, its manifest and its index, nothing else, and checks the tree that
 * they tell. The caller closes it.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_LIMIT, ARCHIVE_TOO_NEW,
 *   SIGNATURE_INVALID, IO …
 */
export async function openArchiveFile(path: string, { signature, limits }: OpenFileOptions = {}): Promise<ArchiveFile> {
  const opened = await openArchive(path, { signature });
  try {
    return await opened.readIndex(limits ?? decodeManifest(opened.start.manifest).totals).file;
  } catch (error) {
    await opened.close();
    throw opened.explain(error);
  }
}
