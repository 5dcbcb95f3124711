/** Bytes of a tar block: headers take one, bodies are padded to a multiple. */
export const BLOCK = 512;

/** Bytes of the two empty blocks that end a tar. */
export const END_MARK = 2 * BLOCK;

/** Seconds since 1970 that fit the header's eleven octal digits. */
export const MAX_MTIME = 0o77777777777;

/** The largest size that eleven octal digits say; a larger one stands in a pax record. */
export const MAX_SIZE = 0o77777777777;

/** What a tar header says; owners are always 0 and without a name. */
export interface TarHeader {
  /** "0" file, "1" hard link, "2" symbolic link, "5" folder (pax(1), "ustar Interchange Format"). */
  readonly type: "0" | "1" | "2" | "5";
  /** The name as it stands in the tar; a folder's without its slash. */
  readonly name: string;
  readonly executable: boolean;
  /** Bytes of body; 0 of all but files. */
  readonly size: number;
  /** "" of files and folders. */
  readonly linkname: string;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Bytes of a body in a tar, with its padding. */
export function paddedSize(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/**
 * At most so many bytes does the header of an entry take, its pax record included: exact for short
 * ASCII names, and never too small.
 */
export function headerBound(name: string, linkname: string, size: number): number {
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(linkname);
  if (size <= MAX_SIZE && bytes < 99 && bytes === name.length + linkname.length) return BLOCK;
  // Three records of a length, a key and an equals sign each.
  return 3 * BLOCK + paddedSize(bytes + 96);
}
