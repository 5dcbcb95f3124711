import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { ArchiveIndex } from "./archive/index-file.js";
import { EnvpackError, explainError } from "./errors.js";
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
  refuseLayer(manifest);
  refuse({ path, index, manifest });
  await verify({ path, signal, onProgress, threads });
  return { path, index, manifest, ...(await digestFile(path)) };
}

async function digestFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw explainError(error, "cannot read the archive", path);
  }
  return { sha256: hash.digest("hex"), bytes };
}
