import { createHash, type Hash } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { Parser } from "tar/parse";
import type { ReadEntry } from "tar/read-entry";
import { EnvpackError, explainError } from "../support/errors.js";
import { findPathFault } from "./path-rules.js";

/** What a package may have. */
export interface PackageLimits {
  /** Bytes of tar. */
  readonly bytes: number;
  readonly entries: number;
  /** What the user can do with a larger one. */
  readonly hint?: string;
}

/** A hundred times what most have. */
const LIMITS: PackageLimits = { bytes: 256 << 20, entries: 100_000, hint: "unpack it, and add the folder" };

/** A file as it was written. */
export interface ExtractedFile {
  /** Relative to the folder, parts joined by "/". */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
  /** In hex. */
  readonly sha256: string;
}

/** Bytes at the start of a tar that was compressed once more, which tar's parser would decompress by itself and without a limit: gzip, zstd. */
const COMPRESSED = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];

/**
 * Extracts a package as `npm pack` makes it: files below one folder, which is left away, and nothing else.
 * No link is ever made, so that nothing can be written through one.
 *
 * @param folder empty, private to the caller, who removes it after an error
 * @throws EnvpackError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function extractPackage(path: string, folder: string, limits = LIMITS): Promise<readonly ExtractedFile[]> {
  const files: ExtractedFile[] = [];
  const opened = new Set<PackageFile>();
  let failure: unknown = null;
  let entries = 0;
  const parser = new Parser({
    strict: true,
    // Of honest packages the manifold of the compressed bytes is no measure; the limit is.
    maxDecompressionRatio: Infinity,
    onReadEntry: (entry) => {
      try {
        entries += 1;
        if (entries > limits.entries) throw tooLarge(path, limits);
        takeEntry(entry, { archive: path, folder, files, opened, fail: (error) => (failure ??= error) });
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
      if (bytes === 0) refuseCompressed(chunk, path);
      bytes += chunk.length;
      if (bytes > limits.bytes) throw tooLarge(path, limits);
      parser.write(chunk);
      if (failure !== null) break;
    }
    parser.end();
  } catch (error) {
    failure ??= error;
  }
  for (const file of opened) file.close();
  if (failure !== null) throw explainTarball(failure, path);
  return files;
}

function refuseCompressed(start: Buffer, path: string): void {
  // One byte alone may be the first of either; no tar begins with it: its name would be none that is allowed.
  if (!COMPRESSED.some((magic) => magic.subarray(0, start.length).equals(start.subarray(0, magic.length)))) return;
  throw new EnvpackError("ARCHIVE_CORRUPT", "not a .tgz that npm made: what it holds is compressed once more", { path });
}

interface Extraction {
  readonly archive: string;
  readonly folder: string;
  readonly files: ExtractedFile[];
  /** Files whose end has not come. */
  readonly opened: Set<PackageFile>;
  readonly fail: (error: unknown) => void;
}

function takeEntry(entry: ReadEntry, { archive, folder, files, opened, fail }: Extraction): void {
  const { path, type } = entry;
  const fault = findPathFault(path.replace(/\/$/, ""));
  if (fault !== null) throw new EnvpackError("ARCHIVE_UNSAFE", `the package holds ${fault}`, { path: archive });
  if (type === "Directory" || type === "GNUDumpDir") {
    entry.resume();
    return;
  }
  const inside = path.slice(path.indexOf("/") + 1);
  if ((type !== "File" && type !== "OldFile") || inside === path) {
    throw new EnvpackError("ARCHIVE_UNSAFE", `the package holds what npm never packs: ${path}`, {
      path: archive,
      hint: "`npm pack` makes packages of files alone, below one folder",
    });
  }
  const executable = ((entry.mode ?? 0) & 0o111) !== 0;
  const file = new PackageFile(join(folder, inside), executable);
  opened.add(file);
  entry.on("data", (chunk: Buffer) => {
    try {
      file.write(chunk);
    } catch (error) {
      fail(error);
    }
  });
  entry.on("end", () => {
    opened.delete(file);
    files.push({ path: inside, executable, ...file.close() });
  });
}

/** A file that is written and hashed as it comes: a runtime's binary is larger than memory should hold at once. */
class PackageFile {
  readonly #descriptor: number;
  readonly #hash: Hash = createHash("sha256");
  #size = 0;

  constructor(path: string, executable: boolean) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    this.#descriptor = openSync(path, "wx", executable ? 0o755 : 0o644);
  }

  write(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    for (let done = 0; done < chunk.length;) done += writeSync(this.#descriptor, chunk, done);
  }

  close(): Pick<ExtractedFile, "size" | "sha256"> {
    closeSync(this.#descriptor);
    return { size: this.#size, sha256: this.#hash.digest("hex") };
  }
}

function tooLarge(path: string, { hint }: PackageLimits): EnvpackError {
  return new EnvpackError("ARCHIVE_LIMIT", "the package is larger than envpack takes", { path, hint });
}

/** Whatever reading made of it: damaged, unless the system or a rule says otherwise. */
function explainTarball(error: unknown, path: string): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "EEXIST" || code === "ENOTDIR" || code === "EISDIR")
    return new EnvpackError("ARCHIVE_UNSAFE", "the package holds a path twice", { path, cause: error });
  if (error instanceof Error && (code.startsWith("Z_") || code.startsWith("TAR_"))) {
    return new EnvpackError("ARCHIVE_CORRUPT", `not a whole .tgz: ${message.split("\n", 1)[0] ?? ""}`, { path, cause: error });
  }
  return explainError(error, "cannot read the package", path);
}
