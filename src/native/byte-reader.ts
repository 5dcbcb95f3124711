import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Bytes that are read in places: those of an open file, or of one that is in memory. */
export interface ByteReader {
  readonly size: number;
  /** What lies there; fewer bytes than were asked for where it ends before. */
  read(offset: number, length: number): Buffer;
}

export function bytesOf(content: Buffer): ByteReader {
  return {
    size: content.length,
    read: (offset, length) => content.subarray(Math.min(offset, content.length), offset + Math.max(0, length)),
  };
}

/** Opens a file for as long as it is used. System errors are thrown as they come. */
export function withFile<T>(file: string, use: (reader: ByteReader) => T): T {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, bytes.length === 0 ? 0 : readSync(descriptor, bytes, 0, bytes.length, offset));
    };
    return use({ size, read });
  } finally {
    closeSync(descriptor);
  }
}
