import type { OpenedInput } from "../engine/read/source.js";
import { decodeManifest } from "../manifest/decode.js";
import { assertRunsHere, readHost } from "../manifest/host.js";
import type { Manifest } from "../manifest/manifest.js";
import type { RestoreOptions } from "./restore-options.js";

/** A manifest that may be restored here. */
export interface Accepted<Kind> {
  readonly manifest: Manifest;
  /** What `requireKind` gave. */
  readonly kind: Kind;
}

/**
 * Decides by an archive's manifest, before anything more is read, whether it may be restored here.
 *
 * @param requireKind refuses an archive that is, or is not, a layer
 * @throws EnvpackError of the archive: PLATFORM_MISMATCH, and what `requireKind` and the option `accept` throw
 */
export async function acceptManifest<Kind>(
  opened: OpenedInput,
  { forcePlatform, accept }: RestoreOptions,
  requireKind: (manifest: Manifest) => Kind,
): Promise<Accepted<Kind>> {
  try {
    const manifest = decodeManifest(opened.start.manifest);
    accept?.(manifest);
    const kind = requireKind(manifest);
    if (forcePlatform !== true) assertRunsHere(manifest, await readHost());
    return { manifest, kind };
  } catch (error) {
    throw opened.explain(error);
  }
}
