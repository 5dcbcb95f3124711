import { EnvpackError } from "../errors.js";
import { damaged, decodeOrSalvage, type Codec } from "./codec/codec.js";
import { META } from "./entry.js";
import type { TarShape } from "./entry-header.js";
import { readShape, walkFrame } from "./walk.js";

/** Bytes of a manifest. The packages of a hundred thousand take about ten million. */
export const MAX_MANIFEST = 16 << 20;

/** What an archive begins with. */
export interface ArchiveStart {
  readonly shape: TarShape;
  /** The manifest's bytes; nothing vouches for them yet. */
  readonly manifest: Uint8Array;
}

/**
 * Reads frames from an archive's start until the manifest, the first file, is whole: what it promises
 * bounds all that is read after it.
 *
 * @param frames as they stand in the archive
 * @returns also the frames that were read
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function readStart<Frame extends { readonly bytes: Uint8Array }>(
  codec: Codec,
  frames: AsyncIterator<Frame>,
): Promise<{ readonly start: ArchiveStart; readonly read: Frame[] }> {
  const read: Frame[] = [];
  let shape: TarShape | null = null;
  const pieces: Buffer[] = [];
  for (let missing = -1; missing !== 0; ) {
    const next = await frames.next();
    if (next.done === true) throw damaged("its manifest is missing");
    read.push(next.value);
    // A damaged frame is refused when it is read for its entries, by the name of the one that is damaged.
    const { plain } = decodeOrSalvage(codec, next.value.bytes);
    shape ??= readShape(plain);
    const found: { readonly body: Buffer; readonly size: number } | null =
      missing < 0 ? findManifest(plain, shape) : { body: plain.subarray(0, missing), size: missing };
    if (found === null) continue;
    pieces.push(found.body);
    missing = found.size - found.body.length;
  }
  if (shape === null) throw damaged("its manifest is missing");
  return { start: { shape, manifest: Buffer.concat(pieces) }, read };
}

/** The manifest's body as far as this frame holds it; null where the frame ends before it. */
function findManifest(plain: Buffer, shape: TarShape): { readonly body: Buffer; readonly size: number } | null {
  for (const { entry, body } of walkFrame(plain, shape)) {
    if (entry.path === META.folder) continue;
    if (entry.path !== META.manifest || entry.type !== "file") {
      throw new EnvpackError("NOT_AN_ARCHIVE", "not an archive that envpack made: its first file is not its manifest", { path: entry.path });
    }
    if (entry.size > MAX_MANIFEST) throw new EnvpackError("ARCHIVE_LIMIT", "the archive's manifest is too long", { path: entry.path });
    return { body, size: entry.size };
  }
  return null;
}
