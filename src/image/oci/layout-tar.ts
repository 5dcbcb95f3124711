import { open, type FileHandle } from "node:fs/promises";
import { encodeHeader } from "../../archive/tar/header.js";
import { BLOCK, END_MARK, paddedSize, type TarHeader } from "../../archive/tar/header-fields.js";
import { openOutput, type FileOutput } from "../../engine/sinks/output.js";
import { explainError } from "../../support/errors.js";
import type { LayoutTarget } from "./layout-writer.js";

/** Seconds since 1970 that every file of the tar bears: 1980-01-01. */
const MTIME = 315_532_800;

/**
 * A layout as one tar that appears whole or not at all. A file's header is written when its content is there, since its
 * name is the content's digest: so nothing is written twice.
 *
 * @param path absolute
 * @throws EnvpackError OUTPUT_EXISTS …
 */
export async function openTarLayout(path: string, options: { readonly force: boolean }): Promise<LayoutTarget> {
  const output = await openOutput(path, options);
  try {
    const target = new TarLayout(path, output, await open(output.temporary, "r+"));
    for (const folder of ["blobs", "blobs/sha256"]) await target.addFolder(folder);
    return target;
  } catch (error) {
    await output.abort();
    throw error;
  }
}

class TarLayout implements LayoutTarget {
  readonly #path: string;
  readonly #output: FileOutput;
  readonly #handle: FileHandle;
  #header = 0;
  #at = 0;

  constructor(path: string, output: FileOutput, handle: FileHandle) {
    this.#path = path;
    this.#output = output;
    this.#handle = handle;
  }

  async addFolder(name: string): Promise<void> {
    await this.#put(headerOf({ type: "5", name, size: 0 }), this.#at);
    this.#at += BLOCK;
  }

  async begin(): Promise<void> {
    this.#header = this.#at;
    this.#at += BLOCK;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes, this.#at);
    this.#at += bytes.length;
  }

  async end(path: string | null): Promise<void> {
    const start = this.#header + BLOCK;
    const size = this.#at - start;
    if (path === null) {
      this.#at = this.#header;
      await this.#handle.truncate(this.#at);
      return;
    }
    await this.#put(headerOf({ type: "0", name: path, size }), this.#header);
    await this.#put(Buffer.alloc(paddedSize(size) - size), this.#at);
    this.#at = start + paddedSize(size);
  }

  async commit(): Promise<void> {
    await this.#put(Buffer.alloc(END_MARK), this.#at);
    await this.#handle.close();
    await this.#output.commit();
  }

  async abort(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await this.#output.abort();
  }

  async #put(bytes: Uint8Array, at: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) done += (await this.#handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    } catch (error) {
      throw explainError(error, "cannot write the image", this.#path);
    }
  }
}

function headerOf(header: Pick<TarHeader, "type" | "name" | "size">): Buffer {
  return encodeHeader({ ...header, executable: false, linkname: "", mtime: MTIME });
}
