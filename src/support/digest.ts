import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { explainError } from "./errors.js";

/** SHA-256 of bytes, or of a text's UTF-8, in hex. */
export function sha256Of(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** SHA-256 of a whole archive, in hex, and its bytes. */
export async function digestFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw explainError(error, "cannot read the archive", path);
  }
  return { sha256: hash.digest("hex"), bytes };
}
