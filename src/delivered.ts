import { resolve } from "node:path";
import { digestFile } from "./archive/digest-file.js";
import type { ArchiveIndex } from "./archive/index-file.js";
import { EnvpackError } from "./errors.js";
import type { Manifest } from "./manifest/manifest.js";
import type { CommonOptions } from "./options.js";
import { isFolder, openPacked } from "./packed.js";
import { refuseLayer } from "./restore/base.js";
import { verify } from "./verify.js";

/** An archive that was checked to the last byte, to be handed to an engine. */
export interface Delivered {
  /** Absolute. */
  readonly path: string;
  readonly index: ArchiveIndex;
  readonly manifest: Manifest;
  /** Of the archive, in hex, and its length. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface CheckOptions extends CommonOptions {
  /** How an archive is made for this engine, as a command. */
  readonly made: string;
  /** Throws where the engine would spoil the archive; called before its content is read. */
  readonly refuse: (archive: Pick<Delivered, "path" | "index" | "manifest">) => void;
}

/** Makes sure that an archive is whole and fit for an engine before anything is sent. */
export async function checkDelivered(given: string, { made, refuse, signal, onProgress, threads }: CheckOptions): Promise<Delivered> {
  const path = resolve(given);
  if (await isFolder(path)) {
    throw new EnvpackError("USAGE", "an archive is delivered, not a folder", { path, hint: `\`${made}\` makes one` });
  }
  const packed = await openPacked(path, { signal });
  await packed.close();
  const { index, manifest } = packed;
  refuseLayer(manifest, path);
  refuse({ path, index, manifest });
  await verify({ path, signal, onProgress, threads });
  return { path, index, manifest, ...(await digestFile(path)) };
}
