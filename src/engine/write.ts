import type { KeyObject } from "node:crypto";
import { loadCodec, chooseLevel } from "../archive/codec/load.js";
import { META, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import type { TarShape } from "../archive/entry-header.js";
import { CODECS, type ArchiveFormat } from "../archive/format.js";
import { encodeFooter, signedPart } from "../archive/footer.js";
import { MAX_ENTRIES, tooMany } from "../archive/index-file.js";
import { MAX_MTIME } from "../archive/header-fields.js";
import { signBytes } from "../archive/signing/signature.js";
import { MAX_ZIP_MTIME } from "../archive/zip/headers.js";
import { findPathFault } from "../archive/path-rules.js";
import { Tree } from "../archive/tree.js";
import { EnvpackError } from "../errors.js";
import type { ProgressListener } from "../progress.js";
import type { FileHits, ScanRoot } from "../relocate/scan.js";
import { ArchiveAssembler } from "./assemble.js";
import { cutTasks, type FrameTask } from "./frame-tasks.js";
import { inOrder } from "./in-order.js";
import type { Sink } from "./output.js";
import type { PackedFrame, PackJob, PackTask } from "./pack-frame.js";
import type { Pool } from "./pool.js";
import { FrameKeys, type FrameKey } from "./reuse/frame-key.js";
import type { Reuse } from "./reuse/reuse.js";

export type { Sink } from "./output.js";

export interface WriteRequest {
  /** In archive order; the first two are `.envpack` and its manifest. */
  readonly entries: readonly PlannedEntry[];
  /** A folder that every name of the tar stands in; "" for none. */
  readonly arcroot: string;
  readonly format: ArchiveFormat;
  /** The codec's own; by default its default. */
  readonly level?: number;
  /** Its threads; the caller closes it. */
  readonly pool: Pool;
  /** What every entry gets, in seconds since 1970. */
  readonly mtime: number;
  /** What is looked for in every file. */
  readonly roots: readonly ScanRoot[];
  /** Called once every file was read: the files that go in last. */
  readonly tail: (hits: readonly FileHits[]) => readonly PlannedFile[];
  /** Where unchanged frames are taken from, and those of this archive are remembered. */
  readonly reuse?: Reuse;
  /** A private Ed25519 key: its signature goes into the footer. */
  readonly signingKey?: KeyObject;
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
  const { entries, format, level, pool, roots, reuse } = request;
  const shape = { arcroot: request.arcroot, mtime: request.mtime };
  const codec = await loadCodec(CODECS[format]);
  chooseLevel(codec, level);
  const job: PackJob = { kind: "pack", codec: codec.name, level, shape, roots, forReuse: reuse !== undefined };
  pool.assign(job);
  checkRequest(request);
  const tree = new Tree();
  tree.add(entries);
  const run = (task: PackTask): Promise<PackedFrame> => pool.run(task);
  const assembler = new ArchiveAssembler({ sink, head: { ...shape, format }, codec, seal: run });
  await assembler.start();
  const total = sumSizes(entries);
  const keys = reuse === undefined ? null : new FrameKeys(job, codec);
  for await (const made of packAll(entries, { shape, pool, reuse, keys })) {
    await addFrame(assembler, made, reuse);
    request.onProgress?.({ stage: "packing", done: assembler.bytes, total });
  }
  const tail = request.tail(assembler.hits);
  tree.add(tail);
  tree.checkLinks();
  for await (const made of packAll(tail, { shape, pool, reuse, keys })) await addFrame(assembler, made, reuse);
  const { signingKey } = request;
  return assembler.finish((footer) => {
    const signature = signingKey === undefined ? null : signBytes(signedPart(footer), signingKey);
    return encodeFooter(footer, signature);
  });
}

/** How frames come about. */
interface Means {
  readonly shape: TarShape;
  readonly pool: Pool;
  readonly reuse: Reuse | undefined;
  readonly keys: FrameKeys | null;
}

interface MadeFrame {
  readonly cut: FrameTask;
  readonly key: FrameKey | null;
  readonly packed: PackedFrame;
}

function packAll(entries: readonly PlannedEntry[], { shape, pool, reuse, keys }: Means): AsyncGenerator<MadeFrame> {
  return inOrder(cutTasks(entries, shape), pool.capacity + 2, async (cut) => {
    const key = keys?.of(cut.task) ?? null;
    const taken = key === null ? undefined : reuse?.find(key);
    return { cut, key, packed: await pool.run<PackedFrame>({ ...cut.task, taken }) };
  });
}

async function addFrame(assembler: ArchiveAssembler, { cut, key, packed }: MadeFrame, reuse: Reuse | undefined): Promise<void> {
  const placed = await assembler.add(cut, packed);
  if (key !== null) reuse?.note(key, cut, packed, placed);
}

function checkRequest({ entries, arcroot, mtime, format }: WriteRequest): void {
  const fault = arcroot === "" ? null : findPathFault(arcroot);
  if (fault !== null) throw new EnvpackError("USAGE", `the root folder in the archive is ${fault}`, { path: arcroot });
  const latest = format === "zip" ? MAX_ZIP_MTIME : MAX_MTIME;
  if (!Number.isInteger(mtime) || mtime < 0 || mtime > latest) throw new EnvpackError("USAGE", `the time of the entries is not one that a ${format === "zip" ? "zip" : "tar"} can hold`);
  if (entries.length >= MAX_ENTRIES) throw tooMany();
  const [folder, manifest] = entries;
  if (folder?.path !== META.folder || manifest?.path !== META.manifest || manifest.type !== "file") {
    throw new Error("an archive begins with its manifest");
  }
}

function sumSizes(entries: readonly PlannedEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
}
