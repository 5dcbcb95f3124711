/** Characters that are kept as text: what is alive at a time is copied by the collections of young objects. */
const TEXT = 4 << 10;

/** A character of UTF-16 takes at most so many bytes in UTF-8. */
const MOST_BYTES = 3;

/**
 * Index lines as bytes, as they are made. Thousands of lines that wait as strings for the last one outlive the
 * collections of young objects, and nothing collects them afterwards while little else becomes old: of a million entries
 * a hundred MiB in a thread.
 */
export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(16 * TEXT);
  #length = 0;
  #text = "";

  /** @param lines with their newlines */
  add(lines: string): void {
    this.#text += lines;
    if (this.#text.length > TEXT) this.#write();
  }

  /** All since the last time, in a buffer of their own. */
  take(): Uint8Array<ArrayBuffer> {
    this.#write();
    const all = new Uint8Array(this.#bytes.subarray(0, this.#length));
    this.clear();
    return all;
  }

  /** Forgets what was added since. */
  clear(): void {
    this.#text = "";
    this.#length = 0;
  }

  #write(): void {
    const needed = this.#length + this.#text.length * MOST_BYTES;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(this.#text, this.#length);
    this.#text = "";
  }
}
