import { createReadStream } from "node:fs";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { IndexFrame } from "../../archive/index/index-file.js";
import type { Listed } from "../../archive/index/partial-index.js";
import type { ArchiveStart } from "../../archive/preamble.js";
import { openArchive, type IndexReading, type OpenOptions } from "../../archive/read.js";
import { EnvpackError } from "../../support/errors.js";
import type { ArchiveInput } from "./input.js";
import type { InputOptions, OpenedInput, Source, SourceFrame } from "./source.js";
import { openStream } from "./stream-source.js";

/**
 * Opens an archive and reads its manifest; of a file, footer and signature are checked here as well.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID,
 *   INTERRUPTED, IO …
 */
export async function openInput(input: ArchiveInput, options: InputOptions): Promise<OpenedInput> {
  if (input.kind === "stream") return openStream(input.stream, options);
  try {
    return await openFile(input.path, options);
  } catch (error) {
    if (!(error instanceof EnvpackError) || error.code !== "ARCHIVE_RECODED") throw error;
    return await openStream(createReadStream(input.path, { highWaterMark: 1 << 20 }), options);
  }
}

/** Opens an archive for some work, and closes it when that is done. */
export async function withInput<Result>(
  input: ArchiveInput,
  options: InputOptions,
  work: (opened: OpenedInput) => Promise<Result>,
): Promise<Result> {
  const opened = await openInput(input, options);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

async function openFile(path: string, options: OpenOptions): Promise<OpenedInput> {
  const opened = await openArchive(path, options);
  return {
    start: opened.start,
    stub: opened.stub,
    checkStub: () => opened.checkStub(),
    explain: (error) => opened.explain(error),
    close: () => opened.close(),
    begin: (limits, takeIndex) => sourceOf(opened.start, limits, opened.readIndex(limits, takeIndex)),
  };
}

/** Frames that one thread reads together: what is larger moves on by single frames, and all threads take part. */
const TOGETHER = 64;

interface FrameGroup {
  /** Of the first one, in the index's list. */
  readonly number: number;
  readonly frames: readonly [IndexFrame, ...IndexFrame[]];
  /** Whether a thread does all of it by itself: else pieces of a file come back to this one. */
  readonly isWhole: boolean;
}

/** The frames one by one, but those of a large file together; as soon as they are listed. */
async function* groupFrames(listed: Listed): AsyncGenerator<FrameGroup> {
  const { frames } = listed;
  const goesOn = async (number: number): Promise<boolean> => (await listed.has(number)) && frames[number]?.count === 0;
  for (let number = 0, end = 0; await listed.has(number); number = end) {
    end = number + 1;
    const isPart = frames[number]?.count === 0;
    if (!isPart) while (end - number <= TOGETHER && (await goesOn(end))) end++;
    const isTooLarge = end - number > TOGETHER;
    if (isTooLarge) end = number + 1;
    const [first, ...rest] = frames.slice(number, end);
    if (first !== undefined) yield { number, frames: [first, ...rest], isWhole: !isPart && !isTooLarge };
  }
}

function sourceOf(start: ArchiveStart, limits: DeclaredTotals, reading: IndexReading): Source {
  const { decoder, listed, file } = reading;
  async function* frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame> {
    // What a zip's directory says is known when it was compared with all of the index.
    const directory = decoder.stream === null ? (await file).directory : null;
    for await (const group of groupFrames(listed)) {
      if (!wanted(group.number)) continue;
      // What was found is held until all of the index is right, and pieces of files are too much for that.
      if (!group.isWhole) await file;
      const [frame] = group.frames;
      const records =
        directory === null || frame.count === 0 ? undefined : { at: frame.at, records: await directory.records(group.number) };
      const stored = group.frames.map((one) => reading.locateFrame(one));
      yield { stored, isWhole: group.isWhole, part: frame.count === 0, number: group.number, directory: records };
    }
  }
  return { decoder, start, limits, listed, file, signature: undefined, frames, readFooter: () => null };
}
