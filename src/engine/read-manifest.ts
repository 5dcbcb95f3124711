import { damaged, decodeOrSalvage } from "../archive/codec/codec.js";
import { META } from "../archive/entry.js";
import type { TarShape } from "../archive/entry-header.js";
import { readShape, walkFrame } from "../archive/walk.js";
import { EnvpackError } from "../errors.js";
import type { Source, SourceFrame } from "./source.js";

/** Bytes. The packages of a hundred thousand take about ten million. */
const MAX_MANIFEST = 64 << 20;

/** What an archive begins with. */
export interface ArchiveStart {
  readonly shape: TarShape;
  readonly manifest: Uint8Array;
  /** All frames that are wanted, those that were read for the manifest included. */
  frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame>;
}

/**
 * Reads frames until the manifest, the first file, is whole.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function readManifest(source: Source): Promise<ArchiveStart> {
  const read: SourceFrame[] = [];
  const rest = source.frames((number) => wants(number));
  let wants = (_number: number): boolean => true;
  let shape: TarShape | null = null;
  const pieces: Buffer[] = [];
  let missing = -1;
  while (missing !== 0) {
    const next = await rest.next();
    if (next.done === true) throw damaged("its manifest is missing");
    read.push(next.value);
    // A damaged frame is refused when it is read for its entries, by the name of the one that is damaged.
    const { plain } = decodeOrSalvage(source.codec, next.value.bytes);
    shape ??= readShape(plain);
    const found: { readonly body: Buffer; readonly size: number } | null =
      missing < 0 ? findManifest(plain, shape) : { body: plain.subarray(0, missing), size: missing };
    if (found === null) continue;
    pieces.push(found.body);
    missing = found.size - found.body.length;
  }
  async function* frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame> {
    wants = wanted;
    for (const frame of read.splice(0)) if (frame.number < 0 || wanted(frame.number)) yield frame;
    yield* rest;
  }
  if (shape === null) throw damaged("its manifest is missing");
  return { shape, manifest: Buffer.concat(pieces), frames };
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
