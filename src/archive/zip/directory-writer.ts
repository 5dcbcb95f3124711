import { deflateRawSync, inflateRawSync } from "node:zlib";
import { NO_TAR, type TarSum } from "../codec/codec.js";
import { combineCrc32 } from "../codec/crc32-combine.js";
import { encodeEnd, footerExtra } from "./end.js";
import { decodeLocal, encodeCentral, encodeDescriptor, type ZipEntry } from "./headers.js";
import { isZipPart, recordsOf } from "./walk.js";
import { append } from "../../support/append.js";

/** Bytes of records that are kept as they are; more are compressed until they are written. */
const CHUNK = 1 << 20;

/** An entry and where its local header stands. */
export interface PlacedEntry {
  readonly entry: ZipEntry;
  readonly at: number;
}

/** A file that spans frames, until its last piece has come. */
interface OpenEntry extends PlacedEntry {
  readonly crc32: number;
  readonly packed: number;
  readonly missing: number;
}

/** Gathers a zip's directory while its frames are written, and makes the archive's end. */
export class ZipDirectoryWriter {
  readonly #chunks: Buffer[] = [];
  #records: Buffer[] = [];
  #recordBytes = 0;
  #entries = 0;
  #open: OpenEntry | null = null;

  /**
   * Takes a frame that will stand at `at`.
   *
   * @param piece of a file that spans frames: the sum of what the frame holds of it
   * @returns what has to follow the frame: the descriptor of a file that ends with it
   */
  take(frame: Buffer, at: number, piece: TarSum | null): Buffer | null {
    if (!isZipPart(frame)) {
      const { entry, length } = decodeLocal(frame, 0);
      if (!entry.open) this.#add(recordsOf(frame, at));
      else this.#open = { entry, at, crc32: 0, packed: -length, missing: entry.size };
    }
    return this.#open === null ? null : this.#takePiece(this.#open, frame, piece ?? NO_TAR);
  }

  /**
   * The bytes behind the last frame of the index: the directory and the archive's end.
   *
   * @param at where they will stand
   */
  *finish(at: number, index: PlacedEntry, footer: Uint8Array): Generator<Buffer> {
    this.#add([encodeCentral(index.entry, index.at, footerExtra(footer))]);
    this.#squeeze();
    let size = 0;
    for (const chunk of this.#chunks) {
      const records = inflateRawSync(chunk);
      size += records.length;
      yield records;
    }
    yield encodeEnd(this.#entries, at, size);
  }

  #takePiece(open: OpenEntry, frame: Buffer, piece: TarSum): Buffer | null {
    const { entry, at } = open;
    const now = {
      entry,
      at,
      crc32: combineCrc32(open.crc32, piece.crc32, piece.bytes),
      packed: open.packed + frame.length,
      missing: open.missing - piece.bytes,
    };
    this.#open = now.missing === 0 ? null : now;
    if (now.missing > 0) return null;
    const whole = { ...entry, crc32: now.crc32, packed: now.packed };
    this.#add([encodeCentral(whole, at)]);
    return encodeDescriptor(whole);
  }

  #add(records: readonly Buffer[]): void {
    this.#entries += records.length;
    append(this.#records, records);
    this.#recordBytes += records.reduce((sum, { length }) => sum + length, 0);
    if (this.#recordBytes >= CHUNK) this.#squeeze();
  }

  #squeeze(): void {
    this.#chunks.push(deflateRawSync(Buffer.concat(this.#records), { level: 1 }));
    this.#records = [];
    this.#recordBytes = 0;
  }
}
