import { join } from "node:path";
import { META } from "../archive/entry.js";
import { decodeManifest } from "../manifest/decode.js";
import type { Manifest } from "../manifest/manifest.js";
import { readShortFile } from "../support/read-text.js";

/** What the records in a folder say that was restored there; null where there are none that can be read. */
export function readRestored(folder: string): Manifest | null {
  try {
    return decodeManifest(readShortFile(join(folder, META.manifest)));
  } catch {
    return null;
  }
}
