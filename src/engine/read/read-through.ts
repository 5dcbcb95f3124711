import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { Listed } from "../../archive/index/partial-index.js";
import { decodeManifest } from "../../manifest/decode.js";
import type { FoundFrame, FrameTask } from "./extract-frame.js";
import { IndexFile } from "./index-file.js";
import { endPhase } from "../../support/phases.js";
import { inOrder } from "../threads/in-order.js";
import { Pool } from "../threads/pool.js";
import { OrderedReader } from "./ordered-reader.js";
import type { ReadOptions, ReadResult, Target } from "./read-request.js";
import type { OpenedInput, Source, SourceFrame } from "./source.js";

/**
 * Reads an opened archive through: every header, body and digest of the frames that are wanted, and the
 * index. Files and folders are written on the way; links are not. Of an archive file nothing is written before the
 * index lists it, and its line, with all lines before, was checked; the rest of the index is read meanwhile, and what
 * is wrong with it is told before anything that is wrong with a frame. A stream's index and tree are checked
 * before this returns.
 */
export async function readThrough(opened: OpenedInput, target: Target, options: ReadOptions): Promise<ReadResult> {
  const limits = options.limits ?? declaredTotals(opened);
  const pool = new Pool(options.threads, options.signal);
  try {
    // The threads start while the index begins to be read.
    pool.startFor(limits);
    const indexFile = new IndexFile(target);
    const source = opened.begin(limits, (content) => {
      indexFile.write(content);
    });
    pool.assign({ kind: "check", codec: source.decoder.name, folder: target.folder });
    const reader = new OrderedReader(source, target, options, indexFile);
    try {
      for await (const done of runFrames(source, target, pool)) reader.take(done.frame, done.found);
      endPhase("last frame");
      return await reader.finish();
    } finally {
      reader.close();
      await source.file?.catch(() => undefined);
      indexFile.close();
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
    const isWhole = "stored" in frame && frame.isWhole;
    const common = { shape: source.start.shape, part: frame.part, isWhole, select, directory: frame.directory };
    const [content, transfer] = "stored" in frame ? [frame.stored, []] : [frame.bytes, [frame.bytes.buffer]];
    const found = pool.run<FoundFrame>({ ...common, frame: content } satisfies FrameTask, transfer);
    // Told when the index is known to be right: until then it must not count as unhandled.
    found.catch(() => undefined);
    await source.file;
    return { frame, found: await found };
  };
  const ahead = source.file === null ? 1 : AHEAD;
  return inOrder(source.frames(wantedFrames(source.listed, target)), pool.capacity + ahead, run);
}

/** Of a file, only frames in which something is wanted are read; a large file's frames go together. */
function wantedFrames(index: Listed | null, { only }: Target): (number: number) => boolean {
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
  const index = source.listed;
  const record = index?.frames[frame.number];
  if (index !== null && record !== undefined) {
    return index.entries.slice(record.first, record.first + record.count).map(({ path }) => only(path));
  }
  if ("stored" in frame) return "all";
  const look: FrameTask = { frame: frame.bytes, shape: source.start.shape, part: frame.part, isWhole: false, select: "names" };
  return (await pool.run<FoundFrame>(look)).names.map((path) => only(path));
}
