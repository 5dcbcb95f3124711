import { createHash, type Hash } from "node:crypto";
import { openOutput, type Sink } from "./output.js";

/** A file, and beside it another one with its digest. */
export interface HashedOutput {
  readonly force: boolean;
  readonly algorithm: string;
  /** What the name of the file with the digest, in hex, has more than the other's. */
  readonly ending: string;
}

/**
 * A file that appears with its digest beside it: both are whole on the disk before the first gets its name, and the
 * digest is never there without what it is of.
 *
 * @param path absolute
 * @throws EnvpackError OUTPUT_EXISTS where one of them is there and `force` is false
 */
export async function openHashedOutput(path: string, { force, algorithm, ending }: HashedOutput): Promise<Sink> {
  const file = await openOutput(path, { force });
  try {
    return new HashedSink(file, await openOutput(`${path}${ending}`, { force }), createHash(algorithm));
  } catch (error) {
    await file.abort();
    throw error;
  }
}

class HashedSink implements Sink {
  readonly returnsBytes = true;
  readonly #file: Sink;
  readonly #digest: Sink;
  readonly #hash: Hash;

  constructor(file: Sink, digest: Sink, hash: Hash) {
    this.#file = file;
    this.#digest = digest;
    this.#hash = hash;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    return this.#file.write(bytes);
  }

  async commit(): Promise<void> {
    await this.#digest.write(Buffer.from(`${this.#hash.digest("hex")}\n`));
    await this.#file.commit();
    await this.#digest.commit();
  }

  /** The file comes last: the folders above were made for it. */
  async abort(): Promise<void> {
    await this.#digest.abort();
    await this.#file.abort();
  }
}
