/** Strings with their length before them (RFC 4251, 5), one behind the other. */
export function encodeStrings(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

/** Reads strings with their length before them (RFC 4251, 5); past the end they are empty. */
export class Strings {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint32(): number {
    if (this.#at + 4 > this.#bytes.length) return 0;
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  next(): Buffer {
    const length = this.uint32();
    const start = this.#at;
    if (start + length > this.#bytes.length) return Buffer.alloc(0);
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    return this.next().toString("latin1");
  }
}
