import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import { digestName } from "./archive/digest-name.js";
import { withoutEnding } from "./archive/format.js";
import { parsePlace } from "./deliver/hdfs-place.js";
import { assertYarnFormat } from "./deliver/yarn-archive.js";
import { yarnCommands, type YarnCommands } from "./deliver/yarn-commands.js";
import { EnvpackError, explainError } from "./errors.js";
import type { CommonOptions } from "./options.js";
import { isFolder, openPacked } from "./packed.js";
import { verify } from "./verify.js";

export type { YarnCommands };

export interface DeliverYarnOptions extends CommonOptions {
  /** An archive of the format tar.gz, as `pack` makes one for YARN. */
  readonly archive: string;
  /** A folder on HDFS, "hdfs://namenode:8020/envs". */
  readonly to: string;
  /** The link that containers see; by default "env". */
  readonly alias?: string;
}

export interface DeliverYarnResult {
  readonly uri: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly commands: YarnCommands;
}

/** Checks an archive and tells where it belongs on the cluster and how jobs use it there; changes nothing. */
export async function planYarnDelivery(options: DeliverYarnOptions): Promise<DeliverYarnResult> {
  const { signal, onProgress, threads, alias = "env" } = options;
  const archive = resolve(options.archive);
  const place = parsePlace(options.to);
  if (await isFolder(archive)) throw new EnvpackError("USAGE", "a folder is not delivered, but an archive of one", { path: archive, hint: "`envpack pack --for yarn`" });
  const packed = await openPacked(archive, signal);
  await packed.close();
  assertYarnFormat(packed.index.format, archive);
  await verify({ path: archive, signal, onProgress, threads });
  const { sha256, bytes } = await digestFile(archive);
  const uri = `${place.uri}/${digestName(withoutEnding(basename(archive)), sha256)}`;
  return { uri, sha256, bytes, commands: yarnCommands({ uri, alias, arcroot: packed.index.arcroot }) };
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
