import type { FileHandle } from "node:fs/promises";
import { EnvpackError } from "../support/errors.js";
import { damaged } from "./codec/codec.js";

/** Bytes in a file that this process holds open. */
export interface StoredBytes {
  readonly descriptor: number;
  /** Where they begin in the file. */
  readonly at: number;
  readonly size: number;
}

/** The bytes of an archive, read here and there: a whole file, or what stands behind something else in it. */
export class ByteSource {
  readonly #handle: FileHandle;
  /** Where they begin in the file. */
  readonly base: number;
  /** How many they are. */
  readonly size: number;

  constructor(handle: FileHandle, base: number, size: number) {
    this.#handle = handle;
    this.base = base;
    this.size = size;
  }

  /**
   * Bytes at a place of the archive, all of them; what an archive claims of lengths was checked before.
   *
   * @throws EnvpackError ARCHIVE_CORRUPT where they are not all there; system errors as they are
   */
  async read(at: number, length: number): Promise<Buffer<ArrayBuffer>> {
    if (length < 0) throw damaged("it is cut off");
    const buffer = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(buffer, done, length - done, this.base + at + done);
      if (bytesRead === 0) throw damaged("it is cut off");
      done += bytesRead;
    }
    return buffer;
  }

  /**
   * Where bytes of the archive stand in the file, for threads that read them themselves. The descriptor is good
   * for as long as the archive is open.
   */
  locate(at: number, size: number): StoredBytes {
    return { descriptor: this.#handle.fd, at: this.base + at, size };
  }

  /** What stands behind the first bytes. */
  behind(bytes: number): ByteSource {
    return new ByteSource(this.#handle, this.base + bytes, this.size - bytes);
  }
}

/**
 * The bytes of a file.
 *
 * @param handle stays the caller's, who closes it
 * @throws EnvpackError NOT_AN_ARCHIVE where it is no file
 */
export async function sourceOfFile(handle: FileHandle): Promise<ByteSource> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new EnvpackError("NOT_AN_ARCHIVE", "not a file");
  return new ByteSource(handle, 0, stat.size);
}
