import { readSync } from "node:fs";
import type { StoredBytes } from "../../archive/byte-source.js";
import { damaged } from "../../archive/codec/codec.js";
import { explainError } from "../../support/errors.js";

/** Reads frames from a file that the main thread holds open, one after the other into the same memory. */
export class StoredReader {
  #buffer = Buffer.alloc(0);

  /**
   * @returns the bytes, good until the next call
   * @throws EnvpackError ARCHIVE_CORRUPT where they are not all there; IO and its kin where the system cannot read them
   */
  read({ descriptor, at, size }: StoredBytes): Buffer<ArrayBuffer> {
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size;) {
      const bytes = readSome(descriptor, this.#buffer, done, size - done, at + done);
      if (bytes === 0) throw damaged("it is cut off");
      done += bytes;
    }
    return this.#buffer.subarray(0, size);
  }
}

function readSome(descriptor: number, target: Buffer, at: number, length: number, position: number): number {
  try {
    return readSync(descriptor, target, at, length, position);
  } catch (error) {
    // What a system error is, is lost on the way to the main thread.
    throw explainError(error, "cannot read the archive");
  }
}
