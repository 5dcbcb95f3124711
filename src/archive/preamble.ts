import { EnvpackError } from "../support/errors.js";
import { MAX_MANIFEST } from "../support/limits.js";
import { damaged, decodeOrSalvage, type Decoder } from "./codec/codec.js";
import { META } from "./entry.js";
import { checkTime, type TarShape } from "./tar/entry-header.js";
import { timeOfFile } from "./entry-times.js";
import { readShape, walkFrame } from "./tar/walk.js";
import { sha256Of } from "../support/digest.js";

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
export async function readPreamble<Frame extends { readonly bytes: Uint8Array }>(
  codec: Decoder,
  frames: AsyncIterator<Frame>,
): Promise<{ readonly start: ArchiveStart; readonly read: Frame[] }> {
  const read: Frame[] = [];
  let shape: TarShape | null = null;
  let mtime = 0;
  const pieces: Buffer[] = [];
  for (let missing = -1; missing !== 0;) {
    const next = await frames.next();
    if (next.done === true) throw damaged("its manifest is missing");
    read.push(next.value);
    // A damaged frame is refused when it is read for its entries, by the name of the one that is damaged.
    const { plain } = decodeOrSalvage(codec, next.value.bytes);
    shape ??= readShape(plain);
    const found: FoundManifest | null =
      missing < 0 ? findManifest(plain, shape) : { body: plain.subarray(0, missing), size: missing, mtime };
    if (found === null) continue;
    ({ mtime } = found);
    pieces.push(found.body);
    missing = found.size - found.body.length;
  }
  if (shape === null) throw damaged("its manifest is missing");
  const manifest = Buffer.concat(pieces);
  return { start: { shape: withTimes(shape, manifest, mtime), manifest }, read };
}

interface FoundManifest {
  readonly body: Buffer;
  readonly size: number;
  readonly mtime: number;
}

/**
 * Tells by the manifest's time whether times follow content.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT where it is neither the time of all nor that of its content
 */
export function withTimes(shape: TarShape, manifest: Uint8Array, mtime: number): TarShape {
  if (mtime === shape.mtime) return shape;
  const byContent: TarShape = { ...shape, times: "content" };
  checkTime(mtime, timeOfFile(byContent, sha256Of(manifest)), META.manifest);
  return byContent;
}

/** The manifest's body as far as this frame holds it; null where the frame ends before it. */
function findManifest(plain: Buffer, shape: TarShape): FoundManifest | null {
  for (const { entry, body } of walkFrame(plain, shape)) {
    if (entry.path === META.folder) continue;
    if (entry.path !== META.manifest || entry.type !== "file") {
      throw new EnvpackError("NOT_AN_ARCHIVE", "not an archive that envpack made: its first file is not its manifest", {
        path: entry.path,
      });
    }
    if (entry.size > MAX_MANIFEST) throw new EnvpackError("ARCHIVE_LIMIT", "the archive's manifest is too long", { path: entry.path });
    return { body, size: entry.size, mtime: entry.mtime };
  }
  return null;
}
