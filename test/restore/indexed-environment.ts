import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { META, type Entry } from "../../src/archive/entry.js";
import { encodeEnd, encodeEntry, encodeFrame, encodeHead } from "../../src/archive/index-lines.js";
import { layOut, type Content } from "../relocate/small-environment.js";

/** As `layOut`, with the index that the archive would have brought. */
export function layOutIndexed(folder: string, files: Readonly<Record<string, Content>>): Entry[] {
  const entries = layOut(folder, files);
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  const lines = [
    encodeHead({ format: "tar", arcroot: "", mtime: 0 }),
    encodeFrame({ at: 0, size: 1, tar: 1, crc32: 0 }),
    ...entries.map(encodeEntry),
    encodeEnd({ entries: entries.length, bytes, frames: 1 }),
  ];
  writeFileSync(join(folder, META.index), lines.join(""));
  return entries;
}
