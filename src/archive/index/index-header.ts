import { META } from "../entry.js";
import { headerOf, type TarShape } from "../tar/entry-header.js";
import { timeOfFile } from "../entry-times.js";
import { encodeHeader } from "../tar/header.js";
import { END_MARK, paddedSize } from "../tar/header-fields.js";

/** The tar header of an index of so many bytes and this SHA-256, in hex. */
export function headerOfIndex(size: number, sha256: string, shape: TarShape): Buffer {
  return encodeHeader(headerOf({ type: "file", path: META.index, executable: false, size }, shape, timeOfFile(shape, sha256)));
}

/** Tar bytes behind the content of an index: padding and the end mark. */
export function behindIndex(size: number): number {
  return paddedSize(size) - size + END_MARK;
}
