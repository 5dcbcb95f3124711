import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { FRAME_MAX } from "../../archive/frame.js";
import { loadZstd } from "../../archive/codec/load-zstd.js";
import { EnvpackError } from "../../support/errors.js";

/* Layers of zstd are several frames, with skippable ones between them (RFC 8878, 3.1): envpack's own, and podman's zstd:chunked. */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/**
 * Decompresses zstd frame by frame: the streams of Node.js before 26 stop after the first one without an error. Where
 * Node.js has no zstd at all, frames as short as envpack writes them are read by the package zstd-codec.
 *
 * @throws EnvpackError CODEC_MISSING; an Error where it is no zstd
 */
export async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const input = new Input(bytes);
  for (let magic = await input.take(4); magic !== null; magic = await input.take(4)) {
    const number = magic.readUInt32LE(0);
    if ((number & 0xfffffff0) >>> 0 === SKIPPABLE) {
      const length = (await input.need(4)).readUInt32LE(0);
      for await (const piece of input.pass(length)) void piece;
    } else if (number === MAGIC) yield* decompressFrame(frameBytes(magic, input));
    else throw new Error("it is no zstd");
  }
}

/** The bytes of one frame, as they come: its header and the headers of its blocks say where it ends. */
async function* frameBytes(magic: Buffer, input: Input): AsyncGenerator<Buffer> {
  const descriptor = await input.need(1);
  const flags = descriptor.readUInt8(0);
  const isSingle = (flags & 0x20) !== 0;
  const window = isSingle ? 0 : 1;
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
  const contentSize = [isSingle ? 1 : 0, 2, 4, 8][flags >>> 6] ?? 0;
  yield Buffer.concat([magic, descriptor, await input.need(window + dictionary + contentSize)]);
  for (let isLast = false; !isLast;) {
    const header = await input.need(3);
    const block = header.readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    yield header;
    // A block of one byte, repeated, says how often.
    yield* input.pass(((block >>> 1) & 3) === 1 ? 1 : block >>> 3);
  }
  if ((flags & 0x04) !== 0) yield input.need(4);
}

async function* decompressFrame(frame: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (typeof zlib.createZstdDecompress !== "function") {
    yield await decompressWhole(frame);
    return;
  }
  const unzip = zlib.createZstdDecompress();
  const raw = Readable.from(frame, { objectMode: false });
  raw.on("error", (error) => unzip.destroy(error));
  yield* raw.pipe(unzip) as AsyncIterable<Buffer>;
}

async function decompressWhole(frame: AsyncGenerator<Buffer>): Promise<Buffer> {
  const codec = await loadZstd();
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of frame) {
    size += piece.length;
    if (size > 2 * FRAME_MAX) throw tooLong();
    pieces.push(piece);
  }
  try {
    return Buffer.from(codec.decode(Buffer.concat(pieces)).plain);
  } catch (error) {
    throw tooLong(error);
  }
}

function tooLong(cause?: unknown): EnvpackError {
  return new EnvpackError("CODEC_MISSING", "this Node.js cannot read layers that other programs compressed with zstd", {
    hint: "use Node.js 22.15 or later, or an image with gzip layers",
    cause,
  });
}

/** Takes bytes off a stream in lengths that are asked for. */
class Input {
  readonly #from: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#from = bytes[Symbol.asyncIterator]();
  }

  /** So many bytes; null at the end. @throws where it ends among them */
  async take(length: number): Promise<Buffer | null> {
    while (this.#rest.length < length) {
      const next = await this.#from.next();
      if (next.done !== true) this.#rest = Buffer.concat([this.#rest, next.value]);
      else if (this.#rest.length === 0) return null;
      else throw new Error("it ends within a zstd frame");
    }
    return this.#cut(length);
  }

  async need(length: number): Promise<Buffer> {
    const bytes = length === 0 ? Buffer.alloc(0) : await this.take(length);
    if (bytes === null) throw new Error("it ends within a zstd frame");
    return bytes;
  }

  /** So many bytes, piece by piece. */
  async *pass(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0) {
        const next = await this.#from.next();
        if (next.done === true) throw new Error("it ends within a zstd frame");
        this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
      }
      const piece = this.#cut(Math.min(left, this.#rest.length));
      left -= piece.length;
      yield piece;
    }
  }

  #cut(length: number): Buffer {
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return piece;
  }
}
