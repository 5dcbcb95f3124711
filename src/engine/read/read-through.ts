import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { decodeManifest } from "../../manifest/decode.js";
import type { FoundFrame, FrameTask } from "./extract-frame.js";
import { inOrder } from "../threads/in-order.js";
import { Pool } from "../threads/pool.js";
import { OrderedReader } from "./ordered-reader.js";
import type { ReadOptions, ReadResult, Target } from "./read-request.js";
import type { OpenedInput, Source, SourceFrame } from "./source.js";

/**
 * Reads an opened archive through: every header, body and digest of the frames that are wanted, and the
 * index. Files and folders are written on the way; links are not. A file's tree is checked before
 * anything is written, a stream's before this returns.
 */
export async function readThrough(opened: OpenedInput, target: Target, options: ReadOptions): Promise<ReadResult> {
  const limits = options.limits ?? declaredTotals(opened);
  const pool = new Pool(options.threads, options.signal);
  try {
    // The threads start while the index is read.
    pool.startFor(limits);
    const source = await opened.begin(limits);
    pool.assign({ kind: "check", codec: source.decoder.name, folder: target.folder });
    const reader = new OrderedReader(source, target, options);
    try {
      for await (const done of runFrames(source, target, pool)) reader.take(done.frame, done.found);
      return await reader.finish();
    } finally {
      reader.close();
    }
  } finally {
    await pool.close();
  }
}

function declaredTotals(opened: OpenedInput): DeclaredTotals {
  try {
    return decodeManifest(opened.start.manifest).totals;
  } catch (error) {
    throw opened.explain(error);
  }
}

/**
 * Frames of a file that may be done before their turn, while one thread is busy with a large file: of those only what
 * was found is held.
 */
const AHEAD = 64;

interface DoneFrame {
  readonly frame: SourceFrame;
  readonly found: FoundFrame;
}

/** Has the frames decompressed, checked and written by threads, and gives what they found in order. */
function runFrames(source: Source, target: Target, pool: Pool): AsyncGenerator<DoneFrame> {
  const run = async (frame: SourceFrame): Promise<DoneFrame> => {
    const select = await selectEntries(source, frame, target, pool);
    const common = { shape: source.start.shape, part: frame.part, select, directory: frame.directory };
    if ("stored" in frame) return { frame, found: await pool.run<FoundFrame>({ ...common, frame: frame.stored } satisfies FrameTask) };
    const task: FrameTask = { ...common, frame: frame.bytes };
    return { frame, found: await pool.run<FoundFrame>(task, [frame.bytes.buffer]) };
  };
  const ahead = source.file === null ? 1 : AHEAD;
  return inOrder(source.frames(wantedFrames(source.file?.index ?? null, target)), pool.capacity + ahead, run);
}

/** Of a file, only frames in which something is wanted are read; a large file's frames go together. */
function wantedFrames(index: ArchiveIndex | null, { only }: Target): (number: number) => boolean {
  if (only === undefined || index === null) return () => true;
  let last = false;
  return (number) => {
    const frame = index.frames[number];
    if (frame === undefined || frame.count === 0) return last;
    last = index.entries.slice(frame.first, frame.first + frame.count).some((entry) => only(entry.path));
    return last;
  };
}

/** Which of a frame's entries are wanted: by the index, else by looking into the frame first. */
async function selectEntries(source: Source, frame: SourceFrame, target: Target, pool: Pool): Promise<FrameTask["select"]> {
  const { only } = target;
  if (only === undefined) return "all";
  const index = source.file?.index;
  const record = index?.frames[frame.number];
  if (index !== undefined && record !== undefined) {
    return index.entries.slice(record.first, record.first + record.count).map(({ path }) => only(path));
  }
  if ("stored" in frame) return "all";
  const look: FrameTask = { frame: frame.bytes, shape: source.start.shape, part: frame.part, select: "names" };
  return (await pool.run<FoundFrame>(look)).names.map((path) => only(path));
}
