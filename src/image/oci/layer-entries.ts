import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { Parser } from "tar/parse";
import type { ReadEntry } from "tar/read-entry";
import { nameArchive } from "../../archive/read.js";
import { EnvpackError } from "../../support/errors.js";
import { readBlob, type BlobSource } from "./blobs.js";
import { compressionOf, invalidImage, readCompression, type Descriptor } from "./documents.js";
import { unzstd } from "./unzstd.js";

/** An entry of a layer's tar. */
export interface LayerEntry {
  /** Without a "./" before it or a "/" behind it. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "other";
  readonly size: number;
  readonly target: string;
  readonly executable: boolean;
  readonly mode: number;
  readonly uid: number;
}

/** What is done with an entry: nothing, or its content is taken piece by piece. */
export type TakeEntry = (entry: LayerEntry) => ((bytes: Buffer) => void) | null;

/** Bytes of tar, and entries, of one layer: more than any real one has. */
const MOST_BYTES = 64 * 2 ** 30;
const MOST_ENTRIES = 2_000_000;

const TYPES: ReadonlyMap<string, LayerEntry["type"]> = new Map([
  ["File", "file"],
  ["OldFile", "file"],
  ["ContiguousFile", "file"],
  ["Directory", "directory"],
  ["SymbolicLink", "symlink"],
  ["Link", "hardlink"],
]);

/**
 * Reads a layer from end to end: its bytes are checked against the descriptor, its tar against the diffID, and each
 * entry is shown. Names in it are looked at and never written to.
 *
 * @param diffId "sha256:…" of the tar, as the image's configuration tells it
 * @throws EnvpackError IMAGE_INVALID
 */
export async function readLayer(source: BlobSource, descriptor: Descriptor, diffId: string, take: TakeEntry): Promise<void> {
  const hash = createHash("sha256");
  const failures: unknown[] = [];
  let entries = 0;
  const parser = new Parser({
    strict: true,
    maxDecompressionRatio: Infinity,
    onReadEntry: (entry) => {
      try {
        if (++entries > MOST_ENTRIES) throw invalidImage("a layer holds too many entries", source.name);
        showEntry(entry, take, failures);
      } catch (error) {
        failures.push(error);
        entry.resume();
      }
    },
  });
  parser.on("error", (error) => failures.push(error));
  let bytes = 0;
  try {
    for await (const chunk of decompress(readBlob(source, descriptor), descriptor)) {
      // What is compressed once more the parser would decompress by itself, and without a limit.
      if (bytes === 0 && readCompression(chunk) !== null) throw invalidImage("a layer is compressed twice", source.name);
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw invalidImage("a layer is larger than any that is taken", source.name);
      parser.write(chunk);
      if (failures.length > 0) throw failures[0];
    }
    parser.end();
    if (failures.length > 0) throw failures[0];
  } catch (error) {
    if (error instanceof EnvpackError) throw nameArchive(error, source.name);
    throw invalidImage(`a layer is no whole tar: ${(error as Error).message.split("\n", 1)[0] ?? ""}`, source.name, error);
  }
  if (`sha256:${hash.digest("hex")}` !== diffId) throw invalidImage("a layer holds another tar than its configuration says", source.name);
}

function showEntry(entry: ReadEntry, take: TakeEntry, failures: unknown[]): void {
  const path = entry.path.replace(/^(?:\.?\/)+/, "").replace(/(?<!\/)\/+$/, "");
  const type = TYPES.get(entry.type) ?? "other";
  const { size, linkpath: target = "", mode = 0, uid = 0 } = entry;
  const taker = take({ path, type, size, target, executable: (mode & 0o111) !== 0, mode, uid });
  if (taker === null) {
    entry.resume();
    return;
  }
  entry.on("data", (bytes: Buffer) => {
    try {
      taker(bytes);
    } catch (error) {
      failures.push(error);
    }
  });
}

function decompress(blob: AsyncGenerator<Uint8Array>, { mediaType }: Descriptor): AsyncIterable<Buffer> {
  const compression = compressionOf(mediaType);
  if (compression === "none") return blob as AsyncIterable<Buffer>;
  if (compression === "zstd") return unzstd(blob);
  const unzip = zlib.createGunzip({ chunkSize: 256 << 10 });
  const raw = Readable.from(blob, { objectMode: false });
  raw.on("error", (error) => unzip.destroy(error));
  return raw.pipe(unzip);
}
