import type { Codec } from "../../archive/codec/codec.js";
import { loadCodec, chooseLevel } from "../../archive/codec/load.js";
import { META, sumSizes, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { LATEST } from "../../archive/entry-times.js";
import { formatOf, type ArchiveFormat } from "../../archive/formats.js";
import { encodeFooter, signedPart } from "../../archive/footer.js";
import { tooMany } from "../../archive/index/index-file.js";
import { MAX_MTIME } from "../../archive/tar/header-fields.js";
import type { Signer } from "../../archive/signing/signer.js";
import { release } from "../../archive/release.js";
import { MAX_ZIP_MTIME } from "../../archive/zip/headers.js";
import { findPathFault } from "../../archive/path-rules.js";
import { Tree } from "../../archive/tree.js";
import { isWorkPath } from "../../archive/work-names.js";
import { EnvpackError } from "../../support/errors.js";
import { MAX_ENTRIES } from "../../support/limits.js";
import { endPhase } from "../../support/phases.js";
import type { ProgressListener } from "../../support/progress.js";
import type { FileHits, ScanRoot } from "../../scan/scan.js";
import { ArchiveAssembler } from "./assemble.js";
import type { ContainerWriter } from "../container/container.js";
import { IndexedFolder } from "../container/indexed-folder.js";
import { TarWriter } from "../container/tar.js";
import { ZipWriter } from "../container/zip.js";
import type { EarlyDigests } from "./early-digests.js";
import { cutTasks, firstPieces, type FrameTask } from "./frame-tasks.js";
import { FrameSlots } from "./frame-slots.js";
import { LargeDigests } from "./large-digests.js";
import { inOrder } from "../threads/in-order.js";
import type { FolderPlace } from "../sinks/folder-sink.js";
import type { Sink } from "../sinks/output.js";
import type { PackJob, TarTask } from "./pack-frame.js";
import type { PackedFrame } from "./packed-frame.js";
import type { Pool } from "../threads/pool.js";
import { FrameKeys, type FrameKey } from "../reuse/frame-key.js";
import type { Reuse } from "../reuse/reuse.js";
import type { TakenFrame } from "../reuse/take-frame.js";
import type { ContentDigest, DigestTask } from "./read-content.js";
import type { WriteResult } from "./write-result.js";

export type { Sink } from "../sinks/output.js";

export interface WriteRequest {
  /** In archive order; the first two are `.envpack` and its manifest. */
  readonly entries: readonly PlannedEntry[];
  /** Whether they are in the order of loading instead, as of an image: digests over them are as if they were not. */
  readonly forLoading?: boolean;
  /** A folder that every name of the tar stands in; "" for none. */
  readonly arcroot: string;
  readonly format: ArchiveFormat;
  /** The codec's own; by default its default. */
  readonly level?: number;
  /** Its threads; the caller closes it. */
  readonly pool: Pool;
  /** As of TarShape. */
  readonly mtime: number;
  readonly times?: "content";
  /** What is looked for in every file. */
  readonly roots: readonly ScanRoot[];
  /** Called once every file was read: the files that go in last. `digest` is SHA-256 in hex over the index lines of all entries before. */
  readonly tail: (hits: readonly FileHits[], digest: string) => readonly PlannedFile[];
  /** Where unchanged frames are taken from, and those of this archive are remembered. */
  readonly reuse?: Reuse;
  /** Of a plain tar: where its entries are put as well. Links, and the modes of folders, are left to the caller. */
  readonly into?: FolderPlace;
  /** Digests of large files that were begun with before. */
  readonly digests?: EarlyDigests;
  /** Whoever holds a private Ed25519 key: its signature goes into the footer. */
  readonly signer?: Signer;
  readonly onProgress?: ProgressListener;
}

/**
 * Writes an archive: threads read, search, hash and compress a frame each, this thread puts them in
 * order. The sink is neither committed nor aborted here.
 *
 * @throws EnvpackError SOURCE_CHANGED, SOURCE_UNREADABLE, ARCHIVE_UNSAFE, USAGE, INTERRUPTED …
 */
export async function writeArchive(request: WriteRequest, sink: Sink): Promise<WriteResult> {
  const { entries, format, level, pool, roots, reuse, into } = request;
  const shape: TarShape = { arcroot: request.arcroot, mtime: request.mtime, times: request.times };
  const written = formatOf(format);
  const codec = await loadCodec(written.codec.name);
  chooseLevel(codec, level);
  const total = sumSizes(entries);
  pool.startFor({ entries: entries.length, bytes: total });
  // A sink that keeps what it was given would see it change.
  const slots = sink.returnsBytes === true ? new FrameSlots(framesInFlight(pool.threads)) : null;
  const forReuse = reuse !== undefined;
  const job: PackJob = { kind: "pack", codec: codec.name, level, shape, roots, forReuse, into, slots: slots?.memory };
  pool.assign(job);
  checkRequest(request);
  const compress = (task: TarTask): Promise<PackedFrame> => pool.run(task, [task.tar.buffer]);
  const assembler = new ArchiveAssembler({
    sink,
    head: { ...shape, format },
    container: containerOf(codec, into),
    compress,
    forLoading: request.forLoading,
  });
  await assembler.start();
  const keys = reuse === undefined ? null : new FrameKeys(job, codec);
  const tree = new Tree();
  const checkPaths = (): void => {
    tree.add(entries);
  };
  // Where threads write files, their paths are checked before.
  if (into !== undefined) checkPaths();
  request.digests?.end();
  const means = { shape, pool, reuse, keys, slots, early: request.digests };
  const frames = packAll(entries, means);
  for await (const made of into === undefined ? meanwhile(frames, checkPaths) : frames) {
    if (assembler.frames === 0) endPhase("first frame");
    await addFrame(assembler, made, means);
    request.onProgress?.({ stage: "packing", done: assembler.bytes, total });
  }
  endPhase("last frame");
  const tail = request.tail(assembler.hits, assembler.digest);
  tree.add(tail);
  tree.checkLinks();
  for await (const made of packAll(tail, means)) await addFrame(assembler, made, means);
  const { signer } = request;
  return assembler.finish(async (footer) =>
    encodeFooter(footer, signer === undefined ? null : await signer.sign(signedPart(footer), "plain")),
  );
}

function containerOf({ stream }: Codec, into: FolderPlace | undefined): ContainerWriter {
  if (stream === null) return new ZipWriter();
  return into === undefined ? new TarWriter(stream) : new IndexedFolder(new TarWriter(stream), into.folder);
}

/** Frames that are made, or wait for their turn or a thread, beside the one that each thread works on. */
const MOST_WAITING = 8;

/** How many frames are in memory at most: with many threads, one each and a few more. */
export function framesInFlight(threads: number): number {
  return threads + Math.min(threads + 2, MOST_WAITING);
}

/** How frames come about. */
interface Means {
  readonly shape: TarShape;
  readonly pool: Pool;
  readonly reuse: Reuse | undefined;
  readonly keys: FrameKeys | null;
  /** Null where each frame gets a buffer. */
  readonly slots: FrameSlots | null;
  readonly early: EarlyDigests | undefined;
}

interface MadeFrame {
  readonly cut: FrameTask;
  readonly key: FrameKey | null;
  readonly packed: PackedFrame;
  readonly slot: number | undefined;
}

function packAll(entries: readonly PlannedEntry[], means: Means): AsyncGenerator<MadeFrame> {
  const { shape, pool, slots } = means;
  const digests = new LargeDigests(newLargeFiles(entries, means), pool.threads, (first) => digestOf(first, means));
  return inOrder(cutTasks(entries, shape), framesInFlight(pool.threads), async (cut) => {
    const { key, taken } = findTaken(cut, means);
    const digest = isFirst(cut) && taken === undefined ? await digests.of(cut) : undefined;
    const slot = slots?.take();
    const packed = await pool.run<PackedFrame>({ ...cut.task, taken, digest, slot });
    return {
      cut,
      key,
      slot,
      packed: slots === null || packed.slotted === undefined ? packed : { ...packed, frame: slots.frame(packed.slotted) },
    };
  });
}

/** Gives results, and does something else while the first is made; where that fails, nothing is given. */
async function* meanwhile<Result>(results: AsyncGenerator<Result>, work: () => void): AsyncGenerator<Result> {
  const first = results.next();
  // Told below; until then it must not count as unhandled.
  first.catch(() => undefined);
  try {
    // By then the threads have what they are to begin with.
    await new Promise(setImmediate);
    work();
    for (let next = await first; next.done !== true; next = await results.next()) yield next.value;
  } finally {
    await results.return(undefined);
  }
}

function findTaken({ task }: FrameTask, { reuse, keys }: Means): { readonly key: FrameKey | null; readonly taken: TakenFrame | undefined } {
  const key = keys?.of(task) ?? null;
  return { key, taken: key === null ? undefined : reuse?.find(key) };
}

async function digestOf({ task }: FrameTask, { early, pool }: Means): Promise<ContentDigest> {
  if (task.kind !== "piece") throw new Error("only a file that spans frames is digested before its turn");
  return early?.take(task.columns) ?? pool.run<ContentDigest>({ kind: "digest", columns: task.columns } satisfies DigestTask);
}

function isFirst({ task }: FrameTask): boolean {
  return task.kind === "piece" && task.at === 0;
}

/** The first pieces of the files that span frames and are not taken over from an earlier archive. */
function* newLargeFiles(entries: readonly PlannedEntry[], means: Means): Generator<FrameTask> {
  for (const first of firstPieces(entries, means.shape)) if (findTaken(first, means).taken === undefined) yield first;
}

async function addFrame(assembler: ArchiveAssembler, { cut, key, packed, slot }: MadeFrame, { reuse, slots }: Means): Promise<void> {
  const placed = await assembler.add(cut, packed);
  slots?.give(slot);
  if (key !== null) reuse?.note(key, cut, packed, placed);
  release(packed.digests);
  if (cut.task.kind === "entries") release(cut.task.columns.numbers);
}

function checkRequest({ entries, arcroot, mtime, times, format }: WriteRequest): void {
  const fault = isWorkPath(arcroot) ? "a name that envpack keeps for its own work" : arcroot === "" ? null : findPathFault(arcroot);
  if (fault !== null) throw new EnvpackError("USAGE", `the root folder in the archive is ${fault}`, { path: arcroot });
  const latest = (format === "zip" ? MAX_ZIP_MTIME : MAX_MTIME) - (times === "content" ? LATEST : 0);
  if (!Number.isInteger(mtime) || mtime < 0 || mtime > latest)
    throw new EnvpackError("USAGE", `the time of the entries is not one that a ${format === "zip" ? "zip" : "tar"} can hold`);
  if (entries.length >= MAX_ENTRIES) throw tooMany();
  const [folder, manifest] = entries;
  if (folder?.path !== META.folder || manifest?.path !== META.manifest || manifest.type !== "file") {
    throw new Error("an archive begins with its manifest");
  }
}
