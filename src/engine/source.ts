import type { Readable } from "node:stream";
import type { Codec } from "../archive/codec/codec.js";
import { loadCodec } from "../archive/codec/load.js";
import type { ArchiveIndex } from "../archive/index-file.js";
import { openArchive } from "../archive/read.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { sniffCodec, SNIFF_BYTES } from "../archive/sniff.js";
import { EnvpackError, explainError } from "../errors.js";
import type { ArchiveInput } from "./input.js";
import { splitStream } from "./split-stream.js";

/** A frame as it was read, and what is known of it before it is decompressed. */
export interface SourceFrame {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly part: boolean | null;
  /** Its place in the index's list of frames; -1 where the index is not known yet. */
  readonly number: number;
}

/** An archive as the engine reads it: from a file by its index, from a stream front to back. */
export interface Source {
  readonly codec: Codec;
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

export interface SourceOptions {
  readonly signature?: SignatureRule;
  readonly signal?: AbortSignal;
}

/** Opens an archive; of a file, footer, signature, index and tree are checked here. */
export async function openSource(input: ArchiveInput, { signature, signal }: SourceOptions): Promise<Source> {
  return input.kind === "file" ? openFileSource(input.path, signature) : openStreamSource(input.stream, signal);
}

async function openFileSource(path: string, signature: SignatureRule | undefined): Promise<Source> {
  const archive = await openArchive(path, signature);
  const { index, codec } = archive;
  async function* frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame> {
    for (const [number, frame] of index.frames.entries()) {
      if (wanted(number)) yield { bytes: await archive.readFrame(frame), part: frame.count === 0, number };
    }
  }
  return { codec, index, frames, readIndex: () => archive.readIndex(), footer: () => null, close: () => archive.close() };
}

async function openStreamSource(stream: Readable, signal: AbortSignal | undefined): Promise<Source> {
  const chunks = readChunks(stream, signal);
  const start = await readStart(chunks);
  const codec = await loadCodec(sniffCodec(start));
  let footer: Buffer | null = null;
  async function* frames(): AsyncGenerator<SourceFrame> {
    for await (const { kind, bytes, part } of splitStream(start, chunks, codec)) {
      if (kind === "frame") yield { bytes, part, number: -1 };
      else footer = bytes;
    }
  }
  async function* readIndex(): AsyncGenerator<Buffer> {}
  const close = async (): Promise<void> => {
    await chunks.return(undefined);
  };
  return { codec, index: null, frames, readIndex, footer: () => footer, close };
}

/** Enough of the stream to tell its format. */
async function readStart(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
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
