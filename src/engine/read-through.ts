import type { ArchiveIndex } from "../archive/index-file.js";
import type { ProgressListener } from "../progress.js";
import type { FoundFrame, FrameTask } from "./extract-frame.js";
import { inOrder } from "./in-order.js";
import type { ArchiveInput } from "./input.js";
import { Pool } from "./pool.js";
import { Reading } from "./reading.js";
import { openSource, type Source, type SourceFrame, type SourceOptions } from "./source.js";

export interface ReadOptions extends SourceOptions {
  readonly threads: number;
  readonly onProgress?: ProgressListener;
}

export interface Target {
  /** Absolute; null to check and write nothing. */
  readonly folder: string | null;
  readonly only?: (arcpath: string) => boolean;
}

export interface ReadResult {
  readonly index: ArchiveIndex;
  readonly bytes: number;
  /** The fix-up records, not yet decoded; null where there are none, or they were not among what was wanted. */
  readonly fixups: Uint8Array | null;
}

/**
 * Reads an archive through: every header, body and digest of the frames that are wanted, and the
 * index. Files and folders are written on the way; links are not. A file's tree is checked before
 * anything is written, a stream's before this returns.
 */
export async function readThrough(input: ArchiveInput, target: Target, options: ReadOptions): Promise<ReadResult> {
  const source = await openSource(input, options);
  try {
    const pool = new Pool(options.threads, options.signal);
    pool.assign({ kind: "check", codec: source.codec.name, folder: target.folder });
    try {
      const reading = new Reading(source, target, options);
      try {
        for await (const done of runFrames(source, target, pool)) reading.take(done.frame, done.size, done.found);
        return await reading.finish();
      } finally {
        reading.close();
      }
    } finally {
      await pool.close();
    }
  } finally {
    await source.close();
  }
}

interface DoneFrame {
  readonly frame: SourceFrame;
  readonly size: number;
  readonly found: FoundFrame;
}

/** Has the frames decompressed, checked and written by threads, and gives what they found in order. */
function runFrames(source: Source, target: Target, pool: Pool): AsyncGenerator<DoneFrame> {
  const run = async (frame: SourceFrame): Promise<DoneFrame> => {
    const size = frame.bytes.length;
    const select = await selectEntries(source, frame, target, pool);
    const task: FrameTask = { frame: frame.bytes, shape: source.start.shape, part: frame.part, select, directory: frame.directory };
    return { frame, size, found: await pool.run<FoundFrame>(task, [frame.bytes.buffer]) };
  };
  return inOrder(source.frames(wantedFrames(source.index, target)), pool.capacity + 1, run);
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
  const record = source.index?.frames[frame.number];
  if (source.index !== null && record !== undefined) {
    return source.index.entries.slice(record.first, record.first + record.count).map(({ path }) => only(path));
  }
  const look: FrameTask = { frame: frame.bytes, shape: source.start.shape, part: frame.part, select: "names" };
  return (await pool.run<FoundFrame>(look)).names.map((path) => only(path));
}
