import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { fileOfBytes, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import type { Fixup } from "../manifest/fixup.js";
import { compileRoots, isBinary, scanContent, type FileHits, type ScanRoot } from "../scan/scan.js";
import { cutSegments, rewriteContent } from "../scan/segments.js";

export interface PrefixRequest {
  /** Where the archive will be restored: absolute. */
  readonly prefix: string;
  /** The roots whose names are replaced. */
  readonly roots: readonly ScanRoot[];
  /** Hits as fix-ups: what else is known of a file, such as spare bytes, is added here. */
  readonly toFixups: (hits: readonly FileHits[]) => readonly Fixup[];
  readonly signal?: AbortSignal;
}

export interface PrefixResult {
  readonly entries: readonly PlannedEntry[];
  /** Places that keep naming the old root, and why. */
  readonly notices: readonly Notice[];
}

/**
 * Applies while packing what `relocate` applies after unpacking: the files that name the environment's
 * old place name `prefix` from the start, where the archive is meant to be restored. Only the rewritten
 * files are held in memory.
 *
 * @throws EnvpackError USAGE where the prefix is no absolute path that files can name
 */
export async function writeDestPrefix(entries: readonly PlannedEntry[], request: PrefixRequest): Promise<PrefixResult> {
  checkPrefix(request.prefix);
  const needles = compileRoots(request.roots);
  const notices: Notice[] = [];
  const written: PlannedEntry[] = [];
  for (const entry of entries) {
    if (entry.type !== "file" || entry.size === 0) {
      written.push(entry);
      continue;
    }
    if (request.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const content = await readSource(entry);
    const places = scanContent(content, needles);
    written.push(
      places.length === 0 ? entry : rewrite(entry, content, { path: entry.path, kind: isBinary(content) ? "binary" : "text", places }),
    );
  }
  return { entries: written, notices };

  function rewrite(entry: PlannedFile, content: Buffer, hits: FileHits): PlannedFile {
    const [fixup] = request.toFixups([hits]);
    if (fixup === undefined) return entry;
    const { segments, unfit } = cutSegments(content, fixup);
    const rewritten = rewriteContent(content, segments, fixup, posix.normalize(request.prefix).replace(/(?<=.)\/$/, ""));
    for (const { reason } of [...unfit, ...rewritten.unfit]) {
      notices.push({ code: "PATH_REMAINS", message: `a file ${reason}`, path: entry.path });
    }
    return fileOfBytes(entry.path, rewritten.bytes, entry.executable);
  }
}

function checkPrefix(prefix: string): void {
  if (posix.isAbsolute(prefix) && !/[\p{Cc}\p{Cs}]/u.test(prefix)) return;
  throw new EnvpackError("USAGE", "the destination's prefix is no absolute path", {
    path: prefix,
    hint: "name the folder in which the archive will be restored, as /opt/shop",
  });
}

async function readSource({ source, size }: PlannedFile): Promise<Buffer> {
  if (source.kind === "bytes") return Buffer.from(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength);
  const content = await readFile(source.file).catch((error: unknown) => {
    throw explainError(error, "cannot read a file of the environment", source.file);
  });
  if (content.length === size) return content;
  throw new EnvpackError("SOURCE_CHANGED", "a file changed while it was being packed", { path: source.file });
}
