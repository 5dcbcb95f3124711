import { decodeManifest } from "./decode.js";
import type { Manifest } from "./manifest.js";

/**
 * Writes `.envpack/manifest.json`: JSON of two spaces' indent in UTF-8, fields in the order of the
 * type, a newline at the end. Equal manifests give equal bytes.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT where a reader would refuse it: better now than on the worker
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const checked = decodeManifest(Buffer.from(JSON.stringify(manifest)));
  return Buffer.from(`${JSON.stringify(checked, null, 2)}\n`);
}
