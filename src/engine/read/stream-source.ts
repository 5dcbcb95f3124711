import type { Readable } from "node:stream";
import type { StreamRules } from "../../archive/codec/codec.js";
import { loadDecoder } from "../../archive/codec/load.js";
import { inflateGzip, isForeignGzip } from "../../archive/recoded.js";
import { SNIFF_BYTES } from "../../archive/formats.js";
import { beginsStub, type StubFields } from "../../archive/stub/header.js";
import { checkBehindStub, checkChunks, readStub, STUB_MAX } from "../../archive/stub/stub.js";
import { sniffCodec } from "../../archive/sniff.js";
import { splitStream } from "../../archive/tar/split-stream.js";
import { readPreamble } from "../../archive/preamble.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import type { InputOptions, OpenedInput, SourceFrame, StreamFrame } from "./source.js";

/** Opens an archive that comes front to back, and reads as much of it as it takes to have the manifest. */
export async function openStream(stream: Readable, { signature, signal }: InputOptions): Promise<OpenedInput> {
  let chunks = readChunks(stream, signal);
  const close = async (): Promise<void> => {
    await chunks.return(undefined);
    stream.destroy();
  };
  try {
    let first = await readFirst(chunks);
    for (let layers = 0; layers < MOST_LAYERS && isForeignGzip(first); layers++) {
      chunks = inflateGzip(startingWith(first, chunks));
      first = await readFirst(chunks);
    }
    let stub: StubFields | null = null;
    if (beginsStub(first)) {
      ({ stub, first, chunks } = await skipStubOf(first, chunks));
    }
    const decoder = await loadDecoder(sniffCodec(first));
    const rules = decoder.stream;
    if (rules === null)
      throw new EnvpackError("USAGE", "a zip is not read from a stream: its directory is at its end", {
        hint: "write it to a file first, and name that",
      });
    const split = new SplitStream(first, chunks, rules);
    const { start, read } = await readPreamble(decoder, split.frames());
    checkBehindStub(stub, { codec: decoder.name, arcroot: start.shape.arcroot });
    async function* frames(): AsyncGenerator<SourceFrame> {
      yield* read.splice(0);
      yield* split.frames();
    }
    return {
      start,
      stub,
      checkStub: () => Promise.resolve(),
      begin: (limits) => ({ decoder, start, limits, listed: null, file: null, signature, frames, readFooter: () => split.footer }),
      explain: (error) => error,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes the script from the start of a stream; what follows is compared with the digest that it names. */
async function skipStubOf(
  start: Buffer,
  chunks: AsyncGenerator<Buffer>,
): Promise<{ readonly stub: StubFields | null; readonly first: Buffer; readonly chunks: AsyncGenerator<Buffer> }> {
  const begin = await readFirst(startingWith(start, chunks), STUB_MAX);
  const stub = readStub(begin);
  if (stub === null) return { stub, first: begin, chunks };
  const archive = checkChunks(startingWith(begin.subarray(stub.base), chunks), stub);
  return { stub, first: await readFirst(archive), chunks: archive };
}

/** How many times an archive may have been compressed on its way: by a sender, and by a proxy. */
const MOST_LAYERS = 2;

/** Tells the footer of a stream from its frames. */
class SplitStream {
  readonly #units: ReturnType<typeof splitStream>;
  #footer: Buffer | null = null;

  constructor(first: Buffer, chunks: AsyncGenerator<Buffer>, rules: StreamRules) {
    this.#units = splitStream(first, chunks, rules);
  }

  /** The footer's bytes, once all frames were taken. */
  get footer(): Buffer | null {
    return this.#footer;
  }

  /** The frames that were not taken yet. */
  async *frames(): AsyncGenerator<StreamFrame> {
    for (;;) {
      const next = await this.#units.next();
      if (next.done === true) return;
      const { kind, bytes, part } = next.value;
      if (kind === "frame") yield { bytes, part, number: -1 };
      else this.#footer = bytes;
    }
  }
}

async function* startingWith(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** So much of the stream, by default enough to tell its format; less where it is shorter. */
async function readFirst(chunks: AsyncGenerator<Buffer>, bytes = SNIFF_BYTES): Promise<Buffer> {
  let start = Buffer.alloc(0);
  while (start.length < bytes) {
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
