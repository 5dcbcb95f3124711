import { META } from "../entry.js";
import { tarName, type TarShape } from "../entry-header.js";
import { DEFLATED, type ZipEntry } from "./headers.js";

/** The index's own entry: as one that spans frames, however short it is. */
export function zipIndexEntry(known: Pick<ZipEntry, "size" | "crc32" | "packed">, { arcroot, mtime }: TarShape): ZipEntry {
  return { name: tarName(META.index, arcroot), kind: "f", mtime, method: DEFLATED, open: true, ...known };
}
