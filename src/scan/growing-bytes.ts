/** Bytes that are put together from many short pieces, without an object for each of them. */
export class GrowingBytes {
  #bytes: Buffer;
  #length = 0;

  /** @param expected how many bytes there will be, about */
  constructor(expected: number) {
    this.#bytes = Buffer.allocUnsafe(expected + (expected >> 3) + 64);
  }

  /** Appends the bytes of a piece from `start` up to `end`. */
  append(piece: Buffer, start = 0, end = piece.length): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#length)], length + (length >> 1));
    piece.copy(this.#bytes, this.#length, start, end);
    this.#length = length;
  }

  /** What was put together; nothing may be appended afterwards. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
