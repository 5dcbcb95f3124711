import { openEnvironment, type OpenPackedOptions, type OpenedEnvironment } from "../../inspect/open-environment.js";
import { EnvpackError } from "../../support/errors.js";
import type { PackedTree } from "./packed-tree.js";
import { readArchiveFiles } from "./read-archive-files.js";
import { readFolderFiles } from "./read-folder-files.js";

/**
 * Opens an archive or a restored environment, works on it and closes it.
 *
 * @throws EnvpackError as openPacked, LAYER_BASE where it is a layer
 */
export async function withPackedTree<T>(
  path: string,
  options: OpenPackedOptions,
  work: (packed: OpenedEnvironment, tree: PackedTree) => Promise<T>,
): Promise<T> {
  const packed = await openEnvironment(path, options);
  try {
    if (packed.manifest.layer !== undefined) {
      throw new EnvpackError("LAYER_BASE", "this is a layer, which holds just what differs from its base", {
        path,
        hint: "name what it makes: `envpack unpack LAYER DIR --onto OLD`",
      });
    }
    return await work(packed, treeOf(packed, options.signal));
  } finally {
    await packed.close();
  }
}

function treeOf({ archive, path, index }: OpenedEnvironment, signal: AbortSignal | undefined): PackedTree {
  const { entries } = index;
  return {
    entries,
    read: (wanted) => (archive === null ? readFolderFiles(path, entries, wanted, signal) : readArchiveFiles(archive, wanted, signal)),
  };
}
