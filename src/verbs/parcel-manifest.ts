import { join, resolve } from "node:path";
import { listParcels, type ParcelRepository } from "../deliver/parcel/repository.js";
import type { CommonOptions } from "../support/options.js";
import { writeWhole } from "../engine/sinks/output.js";

export interface ParcelManifestOptions extends Pick<CommonOptions, "signal"> {
  /** A folder that holds parcels. */
  readonly path: string;
}

export interface ParcelManifestResult extends ParcelRepository {
  /** The file that was written, absolute. */
  readonly output: string;
}

/**
 * Writes `manifest.json` for a folder of parcels, so that the folder can be served over HTTP as a repository of
 * Cloudera Manager; an older one is replaced by one rename.
 *
 * @throws EnvpackError NOT_A_PARCEL, SOURCE_UNREADABLE, NO_PERMISSION
 */
export async function parcelManifest({ path }: ParcelManifestOptions): Promise<ParcelManifestResult> {
  const folder = resolve(path);
  const repository = await listParcels(folder);
  const output = join(folder, "manifest.json");
  await writeWhole(output, Buffer.from(`${JSON.stringify(repository, null, 2)}\n`), true);
  return { ...repository, output };
}
