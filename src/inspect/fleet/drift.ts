import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { CommonOptions } from "../../support/options.js";
import { compareTree, type Difference } from "../verify/compare.js";

/** What of a restored environment is not as it was packed, with what is there instead. */
export interface Drift extends Difference {
  /** Of the content that is there, in hex; null where there is no file, or it cannot be read. */
  readonly sha256: string | null;
}

/** Reads every file of a restored environment; see `compareTree`. */
export async function readDrift(folder: string, options: CommonOptions): Promise<Drift[]> {
  const { differences } = await compareTree(folder, options);
  const drift: Drift[] = [];
  for (const difference of differences) drift.push({ ...difference, sha256: await digestOf(join(folder, difference.path)) });
  return drift;
}

/** So that machines on which a file was changed alike are told from those on which it was not. */
async function digestOf(path: string): Promise<string | null> {
  try {
    if (!(await lstat(path)).isFile()) return null;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return null;
  }
}
