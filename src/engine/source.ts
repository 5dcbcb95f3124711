import type { Readable } from "node:stream";
import type { Codec } from "../archive/codec/codec.js";
import { loadCodec } from "../archive/codec/load.js";
import type { ArchiveIndex } from "../archive/index-file.js";
import type { Promised } from "../archive/promise.js";
import { openArchive, type OpenOptions } from "../archive/read.js";
import { sniffCodec, SNIFF_BYTES } from "../archive/sniff.js";
import { splitStream } from "../archive/split-stream.js";
import { readStart, type ArchiveStart } from "../archive/start.js";
import { EnvpackError, explainError } from "../errors.js";
import type { FrameDirectory } from "./extract-frame.js";
import type { ArchiveInput } from "./input.js";

/** A frame as it was read, and what is known of it before it is decompressed. */
export interface SourceFrame {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly part: boolean | null;
  /** Its place in the index's list of frames; -1 where the index is not known yet. */
  readonly number: number;
  /** Of a zip: what the directory has of its entries. */
  readonly directory?: FrameDirectory;
}

/** An archive as the engine reads it: from a file by its index, from a stream front to back. */
export interface Source {
  readonly codec: Codec;
  readonly start: ArchiveStart;
  readonly promised: Promised;
  /** Of a file; a stream's comes last. */
  readonly index: ArchiveIndex | null;
  /**
   * The frames in order; of a stream also those of the index, and the footer after them.
   *
   * @param wanted which frames of a file to read
   */
  frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame>;
  /** The index file of a file, piece by piece. */
  readIndex(): AsyncGenerator<Buffer>;
  /** The footer's bytes of a stream, once its frames have come to their end. */
  footer(): Buffer | null;
  close(): Promise<void>;
}

export interface SourceOptions extends OpenOptions {
  readonly signal?: AbortSignal;
}

/**
 * Opens an archive and reads its manifest; of a file, footer, signature, index and tree are checked here
 * as well.
 */
export async function openSource(input: ArchiveInput, options: SourceOptions): Promise<Source> {
  return input.kind === "file" ? openFileSource(input.path, options) : openStreamSource(input.stream, options);
}

async function openFileSource(path: string, options: SourceOptions): Promise<Source> {
  const archive = await openArchive(path, options);
  const { start, promised, index, codec, directory } = archive;
  async function* frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame> {
    for (const [number, frame] of index.frames.entries()) {
      if (!wanted(number)) continue;
      const records = directory === null || frame.count === 0 ? undefined : { at: frame.at, records: await directory.records(number) };
      yield { bytes: await archive.readFrame(frame), part: frame.count === 0, number, directory: records };
    }
  }
  return { codec, start, promised, index, frames, readIndex: () => archive.readIndex(), footer: () => null, close: () => archive.close() };
}

async function openStreamSource(stream: Readable, { onManifest, signal }: SourceOptions): Promise<Source> {
  const chunks = readChunks(stream, signal);
  const close = async (): Promise<void> => {
    await chunks.return(undefined);
  };
  try {
    const first = await readFirst(chunks);
    const codec = await loadCodec(sniffCodec(first));
    if (codec.name === "zip") throw new EnvpackError("USAGE", "a zip is not read from a stream: its directory is at its end", { hint: "write it to a file first, and name that" });
    let footer: Buffer | null = null;
    async function* split(): AsyncGenerator<SourceFrame> {
      for await (const { kind, bytes, part } of splitStream(first, chunks, codec)) {
        if (kind === "frame") yield { bytes, part, number: -1 };
        else footer = bytes;
      }
    }
    const rest = split();
    const { start, read } = await readStart(codec, rest);
    const promised = await onManifest(start.manifest);
    async function* frames(): AsyncGenerator<SourceFrame> {
      yield* read.splice(0);
      yield* rest;
    }
    async function* readIndex(): AsyncGenerator<Buffer> {}
    return { codec, start, promised, index: null, frames, readIndex, footer: () => footer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Enough of the stream to tell its format. */
async function readFirst(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  let start = Buffer.alloc(0);
  while (start.length < SNIFF_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return start;
}

/** A stream's chunks; an abort ends the wait for the next one. */
async function* readChunks(stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const abort = (): void => {
    stream.destroy();
  };
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort);
  try {
    for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
  } catch (error) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
    throw explainError(error, "cannot read the archive");
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
