import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { addToSum, NO_TAR, type TarSum } from "../../archive/codec/codec.js";
import { FRAME_MAX } from "../../archive/frame.js";
import type { TarTask } from "./pack-frame.js";
import type { PackedFrame } from "./packed-frame.js";

/** Has a piece of the index compressed. */
export type Compress = (task: TarTask) => Promise<PackedFrame>;

/** An index that is whole: its file, and the compressed pieces of it. */
export interface GatheredIndex {
  /** Of the file: bytes, and digest in hex. */
  readonly bytes: number;
  readonly sha256: string;
  readonly crc32: number;
  readonly pieces: readonly Uint8Array[];
  /** The sum of all bytes in the pieces. */
  readonly tar: TarSum;
}

/** Takes the index as it grows, and keeps of it only compressed pieces. */
export class IndexWriter {
  readonly #compress: Compress;
  readonly #hash = createHash("sha256");
  readonly #pieces: Uint8Array[] = [];
  /** The piece that is being filled. */
  #filled = Buffer.allocUnsafeSlow(FRAME_MAX);
  #filledBytes = 0;
  #bytes = 0;
  #crc32 = 0;
  #tar = NO_TAR;
  /** The piece that is being compressed: frames that come meanwhile need not wait for it. */
  #compressing: Promise<void> = Promise.resolve();

  constructor(compress: Compress) {
    this.#compress = compress;
  }

  /** The lines may be used otherwise afterwards. */
  async append(lines: Uint8Array): Promise<void> {
    this.#hash.update(lines);
    this.#crc32 = crc32(lines, this.#crc32);
    this.#bytes += lines.length;
    await this.#push(lines);
  }

  /**
   * Ends the index.
   *
   * @param behind bytes that stand behind a file of so many; null where the file ends with its last piece
   */
  async finish(behind: (size: number) => Uint8Array | null): Promise<GatheredIndex> {
    const last = behind(this.#bytes);
    if (last !== null) await this.#push(last);
    if (last === null || this.#filledBytes > 0) await this.#flush(last === null ? 0 : undefined);
    await this.#compressing;
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex"), crc32: this.#crc32, pieces: this.#pieces, tar: this.#tar };
  }

  async #push(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const some = bytes.subarray(done, done + FRAME_MAX - this.#filledBytes);
      this.#filled.set(some, this.#filledBytes);
      this.#filledBytes += some.length;
      done += some.length;
      if (this.#filledBytes === FRAME_MAX) await this.#flush();
    }
  }

  /**
   * Settles when no piece but this one is being compressed: at most two are held.
   *
   * @param behind as of `Codec.encode`
   */
  async #flush(behind?: number): Promise<void> {
    const filled = this.#filled.subarray(0, this.#filledBytes);
    // What crosses to a thread is the whole of a buffer.
    const piece = filled.length < FRAME_MAX ? new Uint8Array(filled) : filled;
    this.#filled = Buffer.allocUnsafeSlow(FRAME_MAX);
    this.#filledBytes = 0;
    await this.#compressing;
    this.#compressing = this.#addPiece(piece, behind);
    // Told by whoever waits for it next; until then it must not count as unhandled.
    this.#compressing.catch(() => undefined);
  }

  async #addPiece(tar: Uint8Array<ArrayBuffer>, behind: number | undefined): Promise<void> {
    const { length } = tar;
    const { frame, tarCrc32 } = await this.#compress({ kind: "tar", tar, part: true, behind });
    this.#pieces.push(frame);
    this.#tar = addToSum(this.#tar, { crc32: tarCrc32, bytes: length });
  }
}
