import { resolve } from "node:path";
import { digestFile } from "../../support/digest.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { EnvpackError } from "../../support/errors.js";
import type { Manifest } from "../../manifest/manifest.js";
import type { CommonOptions } from "../../support/options.js";
import { isFolder, openEnvironment } from "../../inspect/open-environment.js";
import { refuseLayer } from "../../restore/base.js";
import { verify } from "../verify.js";

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
  const packed = await openEnvironment(path, { signal });
  await packed.close();
  const { index, manifest, archive } = packed;
  if (archive !== null && archive.stub !== null) {
    throw new EnvpackError("ARCHIVE_UNFIT", "a self-extracting file is started by who wants it, and no engine extracts it", {
      path,
      hint: `\`${made}\` makes what is delivered`,
    });
  }
  refuseLayer(manifest, path);
  refuse({ path, index, manifest });
  await verify({ path, signal, onProgress, threads });
  return { path, index, manifest, ...(await digestFile(path)) };
}
