import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { encodeStubHeader, STUB_HEADER_BYTES, STUB_VERSION, type StubFields } from "../../archive/stub/header.js";
import { explainError } from "../../support/errors.js";
import { openOutput, type FileOutput, type Sink } from "./output.js";

export interface StubOptions extends Pick<StubFields, "name" | "platform"> {
  readonly force: boolean;
  /** What stands behind the lines that the file begins with. */
  readonly script: Uint8Array;
}

/** Of a program, as far as the umask lets it. */
const MODE = 0o777;

/**
 * A self-extracting file that appears whole or not at all: a script, and behind it the archive that is written.
 * The script's first lines name the archive's length and digest, so they are written last.
 *
 * @param path absolute
 * @throws EnvpackError OUTPUT_EXISTS
 */
export async function openStubOutput(path: string, options: StubOptions): Promise<Sink> {
  const file = await openOutput(path, { force: options.force, mode: MODE });
  try {
    await file.write(Buffer.alloc(STUB_HEADER_BYTES));
    await file.write(Uint8Array.from(options.script));
    return new StubSink(file, path, options);
  } catch (error) {
    await file.abort();
    throw error;
  }
}

class StubSink implements Sink {
  readonly returnsBytes = true;
  readonly #file: FileOutput;
  readonly #path: string;
  readonly #options: StubOptions;
  readonly #hash = createHash("sha256");
  #size = 0;

  constructor(file: FileOutput, path: string, options: StubOptions) {
    this.#file = file;
    this.#path = path;
    this.#options = options;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    await this.#file.write(bytes);
  }

  async commit(path?: string): Promise<void> {
    const { name, platform, script } = this.#options;
    const header = encodeStubHeader({
      version: STUB_VERSION,
      base: STUB_HEADER_BYTES + script.length,
      size: this.#size,
      sha256: this.#hash.digest("hex"),
      name,
      platform,
    });
    await this.#writeHeader(header).catch((error: unknown) => {
      throw explainError(error, "cannot write the archive", this.#path);
    });
    await this.#file.commit(path);
  }

  async #writeHeader(header: Buffer): Promise<void> {
    const handle = await open(this.#file.temporary, "r+");
    try {
      for (let done = 0; done < header.length;) done += (await handle.write(header, done, header.length - done, done)).bytesWritten;
    } finally {
      await handle.close();
    }
  }

  async abort(): Promise<void> {
    await this.#file.abort();
  }
}
