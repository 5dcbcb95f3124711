import { META } from "../entry.js";
import { tarName, type TarShape } from "../tar/entry-header.js";
import { timeOfFile } from "../entry-times.js";
import { DEFLATED, type ZipEntry } from "./headers.js";

/** The index's own entry: as one that spans frames, however short it is. */
export function zipIndexEntry(known: Pick<ZipEntry, "size" | "crc32" | "packed">, sha256: string, shape: TarShape): ZipEntry {
  return { name: tarName(META.index, shape.arcroot), kind: "f", mtime: timeOfFile(shape, sha256), method: DEFLATED, open: true, ...known };
}
