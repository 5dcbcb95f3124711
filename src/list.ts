import type { Entry } from "./archive/entry.js";
import type { CommonOptions } from "./options.js";
import { openPacked } from "./packed.js";
import type { SignatureOptions } from "./signatures.js";

export interface ListOptions extends CommonOptions, SignatureOptions {
  /** An archive, or a restored environment. */
  readonly path: string;
}

/** The entries, from the index alone: no file's content is read. */
export async function list(options: ListOptions): Promise<readonly Entry[]> {
  const packed = await openPacked(options.path, options);
  try {
    return packed.index.entries;
  } finally {
    await packed.close();
  }
}
