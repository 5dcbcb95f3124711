import type { FileHandle } from "node:fs/promises";
import { damaged } from "./codec/codec.js";

/** Bytes at a place of an archive, all of them; what an archive claims of lengths was checked before. */
export async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer<ArrayBuffer>> {
  if (length < 0) throw damaged("it is cut off");
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, at + done);
    if (bytesRead === 0) throw damaged("it is cut off");
    done += bytesRead;
  }
  return buffer;
}
