import type { KeyObject } from "node:crypto";
import { loadCodec, chooseLevel } from "../archive/codec/load.js";
import { META, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { CODECS, type ArchiveFormat } from "../archive/format.js";
import { encodeFooter, signedPart } from "../archive/footer.js";
import { MAX_ENTRIES, tooMany } from "../archive/index-file.js";
import { MAX_MTIME } from "../archive/header-fields.js";
import { signBytes } from "../archive/signing/signature.js";
import { findPathFault } from "../archive/path-rules.js";
import { Tree } from "../archive/tree.js";
import { EnvpackError } from "../errors.js";
import type { ProgressListener } from "../progress.js";
import type { FileHits, ScanRoot } from "../relocate/scan.js";
import { ArchiveAssembler } from "./assemble.js";
import { cutTasks, type FrameTask } from "./frame-tasks.js";
import { inOrder } from "./in-order.js";
import type { Sink } from "./output.js";
import type { PackedFrame, PackTask } from "./pack-frame.js";
import { Pool } from "./pool.js";

export type { Sink } from "./output.js";

export interface WriteRequest {
  /** In archive order; the first two are `.envpack` and its manifest. */
  readonly entries: readonly PlannedEntry[];
  /** A folder that every name of the tar stands in; "" for none. */
  readonly arcroot: string;
  readonly format: ArchiveFormat;
  /** The codec's own; by default its default. */
  readonly level?: number;
  readonly threads: number;
  /** What every entry gets, in seconds since 1970. */
  readonly mtime: number;
  /** What is looked for in every file. */
  readonly roots: readonly ScanRoot[];
  /** Called once every file was read: the files that go in last. */
  readonly tail: (hits: readonly FileHits[]) => readonly PlannedFile[];
  /** A private Ed25519 key: its signature goes into the footer. */
  readonly signingKey?: KeyObject;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface WriteResult {
  /** Without the index. */
  readonly entries: number;
  /** Of content. */
  readonly bytes: number;
  readonly tarBytes: number;
  readonly archiveBytes: number;
  /** Of the archive, in hex. */
  readonly sha256: string;
  readonly indexSha256: string;
  /** What a signature of this archive is made over. */
  readonly signedPart: Uint8Array;
}

/**
 * Writes an archive: threads read, search, hash and compress a frame each, this thread puts them in
 * order. The sink is neither committed nor aborted here.
 *
 * @throws EnvpackError SOURCE_CHANGED, SOURCE_UNREADABLE, ARCHIVE_UNSAFE, USAGE, INTERRUPTED …
 */
export async function writeArchive(request: WriteRequest, sink: Sink): Promise<WriteResult> {
  const { entries, format, level, threads, roots, signal } = request;
  const shape = { arcroot: request.arcroot, mtime: request.mtime };
  const codec = await loadCodec(CODECS[format]);
  chooseLevel(codec, level);
  const pool = new Pool({ kind: "pack", codec: codec.name, level, shape, roots }, threads, signal);
  try {
    // Here, while the threads start up.
    checkRequest(request);
    const tree = new Tree();
    tree.add(entries);
    const run = (task: PackTask): Promise<PackedFrame> => pool.run(task);
    const assembler = new ArchiveAssembler(sink, { ...shape, format }, run);
    await assembler.start();
    const total = sumSizes(entries);
    for await (const [cut, packed] of packAll(entries, shape, pool)) {
      await assembler.add(cut, packed);
      request.onProgress?.({ stage: "packing", done: assembler.bytes, total });
    }
    const tail = request.tail(assembler.hits);
    tree.add(tail);
    tree.checkLinks();
    for await (const [cut, packed] of packAll(tail, shape, pool)) await assembler.add(cut, packed);
    const { signingKey } = request;
    return await assembler.finish((footer) => {
      const signature = signingKey === undefined ? null : signBytes(signedPart(footer), signingKey);
      return codec.sealFooter(encodeFooter(footer, signature));
    });
  } finally {
    await pool.close();
  }
}

function packAll(
  entries: readonly PlannedEntry[],
  shape: { readonly arcroot: string; readonly mtime: number },
  pool: Pool,
): AsyncGenerator<readonly [FrameTask, PackedFrame]> {
  return inOrder(cutTasks(entries, shape), pool.capacity + 2, async (cut) => [cut, await pool.run<PackedFrame>(cut.task)] as const);
}

function checkRequest({ entries, arcroot, mtime }: WriteRequest): void {
  const fault = arcroot === "" ? null : findPathFault(arcroot);
  if (fault !== null) throw new EnvpackError("USAGE", `the root folder in the archive is ${fault}`, { path: arcroot });
  if (!Number.isInteger(mtime) || mtime < 0 || mtime > MAX_MTIME) throw new EnvpackError("USAGE", "the time of the entries is not one that a tar can hold");
  if (entries.length >= MAX_ENTRIES) throw tooMany();
  const [folder, manifest] = entries;
  if (folder?.path !== META.folder || manifest?.path !== META.manifest || manifest.type !== "file") {
    throw new Error("an archive begins with its manifest");
  }
}

function sumSizes(entries: readonly PlannedEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
}
