import { randomBytes } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { explainError } from "../../support/errors.js";
import type { BlobSource } from "./blobs.js";

/**
 * Keeps what is read from a source in a folder, so that it is fetched once however often it is read. What is kept is
 * checked each time that it is read, as all blobs are.
 */
export function keptSource(source: BlobSource, folder: string): BlobSource {
  return {
    name: source.name,
    async open(descriptor) {
      const file = join(folder, descriptor.digest.replace(":", "-"));
      if (existsSync(file)) return createReadStream(file, { highWaterMark: 1 << 20 });
      const bytes = await source.open(descriptor);
      return bytes === null ? null : keep(bytes, file);
    },
  };
}

async function* keep(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const writing = `${file}.${randomBytes(4).toString("hex")}`;
  const handle = await keeping(file, () => open(writing, "w", 0o600));
  try {
    for await (const chunk of bytes) {
      await keeping(file, async () => {
        for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten;
      });
      yield chunk;
    }
    await keeping(file, () => rename(writing, file));
  } finally {
    await handle.close();
  }
}

/** What goes wrong here is no fault of what is read. */
async function keeping<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainError(error, "cannot keep what was fetched", file);
  }
}
