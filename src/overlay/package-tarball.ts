import { createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { findPathFault } from "../archive/path-rules.js";
import { EnvpackError, explainError } from "../errors.js";

/** Bytes of tar, and entries, that a package may have: a hundred times what most have. */
const MAX_BYTES = 256 << 20;
const MAX_ENTRIES = 100_000;

/**
 * Extracts a package as `npm pack` makes it: files below one folder, which is left away, and nothing else.
 * No link is ever made, so that nothing can be written through one.
 *
 * @param folder empty, private to the caller, who removes it after an error
 * @throws EnvpackError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function extractPackage(path: string, folder: string): Promise<void> {
  let failure: unknown = null;
  let entries = 0;
  let size = 0;
  const parser = new Parser({
    strict: true,
    // Of honest packages the manifold of the compressed bytes is no measure; MAX_BYTES is.
    maxDecompressionRatio: Infinity,
    onReadEntry: (entry) => {
      try {
        entries += 1;
        // Counted beside the bytes of tar: what is compressed twice the parser inflates by itself.
        size += entry.size;
        if (entries > MAX_ENTRIES || size > MAX_BYTES) throw tooLarge(path);
        takeEntry(entry, folder, path);
      } catch (error) {
        failure ??= error;
        entry.resume();
      }
    },
  });
  parser.on("error", (error: unknown) => (failure ??= error));
  try {
    let bytes = 0;
    for await (const chunk of createReadStream(path).pipe(createGunzip()) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw tooLarge(path);
      parser.write(chunk);
      if (failure !== null) break;
    }
    parser.end();
  } catch (error) {
    failure ??= error;
  }
  if (failure !== null) throw explainTarball(failure, path);
}

function takeEntry(entry: ReadEntry, folder: string, archive: string): void {
  const { path, type } = entry;
  const fault = findPathFault(path.replace(/\/$/, ""));
  if (fault !== null) throw new EnvpackError("ARCHIVE_UNSAFE", `the package holds ${fault}`, { path: archive });
  if (type === "Directory" || type === "GNUDumpDir") {
    entry.resume();
    return;
  }
  const inside = path.slice(path.indexOf("/") + 1);
  if ((type !== "File" && type !== "OldFile") || inside === path) {
    throw new EnvpackError("ARCHIVE_UNSAFE", `the package holds what npm never packs: ${path}`, { path: archive, hint: "`npm pack` makes packages of files alone, below one folder" });
  }
  const chunks: Buffer[] = [];
  entry.on("data", (chunk: Buffer) => chunks.push(chunk));
  entry.on("end", () => {
    const file = join(folder, inside);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.concat(chunks), { flag: "wx", mode: (entry.mode ?? 0) & 0o111 ? 0o755 : 0o644 });
  });
}

function tooLarge(path: string): EnvpackError {
  return new EnvpackError("ARCHIVE_LIMIT", "the package is larger than envpack takes", { path, hint: "unpack it, and add the folder" });
}

/** Whatever reading made of it: damaged, unless the system or a rule says otherwise. */
function explainTarball(error: unknown, path: string): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "EEXIST" || code === "ENOTDIR" || code === "EISDIR") return new EnvpackError("ARCHIVE_UNSAFE", "the package holds a path twice", { path, cause: error });
  if (error instanceof Error && (code.startsWith("Z_") || code.startsWith("TAR_"))) {
    return new EnvpackError("ARCHIVE_CORRUPT", `not a whole .tgz: ${message.split("\n", 1)[0] ?? ""}`, { path, cause: error });
  }
  return explainError(error, "cannot read the package", path);
}
