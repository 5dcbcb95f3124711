import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { META, type Entry } from "../../src/archive/entry.js";
import { encodeEnd, encodeEntry, encodeFrame, encodeHead } from "../../src/archive/index/index-lines.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import { MANIFEST } from "../manifest/sample.js";
import { layOut, type Content } from "../portable/small-environment.js";

/** As `layOutIndexed`, with a manifest: what `--force` knows as an environment of envpack's. */
export function layOutEnvironment(folder: string, files: Readonly<Record<string, Content>> = { "app/old": "old" }): Entry[] {
  mkdirSync(folder, { recursive: true });
  const manifest = encodeManifest({ ...MANIFEST, totals: { entries: 100, bytes: 1 << 26 } });
  return layOutIndexed(folder, { [META.manifest]: Buffer.from(manifest), ...files });
}

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
