import type { FileEntry } from "../../archive/entry.js";
import { readPlain, type ArchiveFile } from "../../archive/read.js";
import { walkFrame } from "../../archive/tar/walk.js";
import { EnvpackError } from "../../support/errors.js";
import type { TreeFile } from "./packed-tree.js";
import { sha256Of } from "../../support/digest.js";

/** A file that goes on in the next frames. */
interface OpenFile {
  readonly entry: FileEntry;
  readonly pieces: Buffer[];
  missing: number;
}

/**
 * Reads files of an archive, front to back, and decompresses just the frames that hold one of them.
 *
 * @param wanted arcpaths of file entries
 * @throws EnvpackError ARCHIVE_CORRUPT, DIGEST_MISMATCH, INTERRUPTED
 */
export async function* readArchiveFiles(archive: ArchiveFile, wanted: ReadonlySet<string>, signal?: AbortSignal): AsyncGenerator<TreeFile> {
  const { frames, entries } = archive.index;
  let open: OpenFile | null = null;
  for (const frame of frames) {
    const here = entries
      .slice(frame.first, frame.first + frame.count)
      .filter((entry): entry is FileEntry => entry.type === "file" && wanted.has(entry.path));
    if (frame.count === 0 ? open === null : here.length === 0) continue;
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
    const plain = await readPlain(archive, frame);
    if (open !== null) addPiece(open, plain);
    else {
      const bodies = new Map([...walkFrame(plain, archive.index)].map(({ entry, body }) => [entry.path, body]));
      for (const entry of here) {
        const file: OpenFile = { entry, pieces: [], missing: entry.size };
        addPiece(file, bodies.get(entry.path) ?? Buffer.alloc(0));
        if (file.missing > 0) open = file;
        else yield finish(file);
      }
      continue;
    }
    if (open.missing === 0) {
      yield finish(open);
      open = null;
    }
  }
  if (open !== null) throw new EnvpackError("ARCHIVE_CORRUPT", "a file of the archive is cut", { path: open.entry.path });
}

function addPiece(file: OpenFile, plain: Buffer): void {
  const piece = plain.subarray(0, file.missing);
  file.pieces.push(piece);
  file.missing -= piece.length;
}

function finish({ entry, pieces }: OpenFile): TreeFile {
  const content = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  checkDigest(content, entry);
  return { path: entry.path, content };
}

/** @throws EnvpackError DIGEST_MISMATCH */
export function checkDigest(content: Buffer, { path, sha256 }: FileEntry, hint?: string): void {
  if (sha256Of(content) === sha256) return;
  throw new EnvpackError("DIGEST_MISMATCH", "a file's content is not what the index says", { path, hint });
}
