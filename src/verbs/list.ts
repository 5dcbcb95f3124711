import type { Entry } from "../archive/entry.js";
import type { CommonOptions } from "../support/options.js";
import { openEnvironment } from "../inspect/open-environment.js";
import { listNamed } from "./image/packed-image.js";
import type { RegistryAccess } from "./image/options.js";
import type { SignatureOptions } from "../inspect/signature-files.js";

export interface ListOptions extends CommonOptions, SignatureOptions, RegistryAccess {
  /** An archive, a restored environment, an image's layout, or an image's name on a registry. */
  readonly path: string;
}

/** The entries, from the index alone: no file's content is read. */
export async function list(options: ListOptions): Promise<readonly Entry[]> {
  const image = await listNamed(options.path, options);
  if (image !== null) return image;
  const packed = await openEnvironment(options.path, options);
  try {
    return packed.index.entries;
  } finally {
    await packed.close();
  }
}
