import { META } from "./entry.js";
import { headerOf, type TarShape } from "./entry-header.js";
import { encodeHeader } from "./header.js";
import { END_MARK, paddedSize } from "./header-fields.js";

/** The tar header of an index of so many bytes. */
export function headerOfIndex(size: number, shape: TarShape): Buffer {
  return encodeHeader(headerOf({ type: "file", path: META.index, executable: false, size }, shape));
}

/** Tar bytes behind the content of an index: padding and the end mark. */
export function behindIndex(size: number): number {
  return paddedSize(size) - size + END_MARK;
}
