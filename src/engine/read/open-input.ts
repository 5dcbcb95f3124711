import { createReadStream } from "node:fs";
import type { IndexFrame } from "../../archive/index/index-file.js";
import { openArchive, type ArchiveFile, type OpenOptions } from "../../archive/read.js";
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
    begin: async (limits) => sourceOf(await opened.readIndex(limits)),
  };
}

/** Frames that one thread reads together: what is larger moves on by single frames, and all threads take part. */
const TOGETHER = 64;

interface FrameGroup {
  /** Of the first one, in the index's list. */
  readonly number: number;
  readonly frames: readonly [IndexFrame, ...IndexFrame[]];
}

/** The frames one by one, but those of a large file together. */
function* groupFrames(frames: readonly IndexFrame[]): Generator<FrameGroup> {
  for (let number = 0, end = 0; number < frames.length; number = end) {
    end = number + 1;
    if (frames[number]?.count !== 0) while (end - number <= TOGETHER && frames[end]?.count === 0) end++;
    if (end - number > TOGETHER) end = number + 1;
    const [first, ...rest] = frames.slice(number, end);
    if (first !== undefined) yield { number, frames: [first, ...rest] };
  }
}

function sourceOf(archive: ArchiveFile): Source {
  const { start, limits, index, decoder, directory } = archive;
  async function* frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame> {
    for (const group of groupFrames(index.frames)) {
      if (!wanted(group.number)) continue;
      const [frame] = group.frames;
      const records =
        directory === null || frame.count === 0 ? undefined : { at: frame.at, records: await directory.records(group.number) };
      const stored = group.frames.map((one) => archive.locateFrame(one));
      yield { stored, part: frame.count === 0, number: group.number, directory: records };
    }
  }
  return {
    decoder,
    start,
    limits,
    file: archive,
    signature: undefined,
    frames,
    readIndex: () => archive.readIndex(),
    readFooter: () => null,
  };
}
