import { createHash } from "node:crypto";
import * as v from "valibot";
import {
  decodeConfig,
  descriptorOf,
  digestOf,
  encodeDocument,
  invalidImage,
  MAX_DOCUMENT,
  MEDIA,
  readCompression,
  type Descriptor,
  type ImageIndex,
} from "./documents.js";

/** Where a file's bytes lie in a tar. */
export interface Place {
  readonly at: number;
  /** Bytes. */
  readonly size: number;
}

/** A tar whose files can be looked up; links in it are followed. */
export interface TarFiles {
  find(name: string): Place | undefined;
  read(place: Place): AsyncIterable<Uint8Array>;
}

/** What stands for the index, the manifests and the blobs' names that such an archive has not. */
export interface DockerArchive {
  readonly index: ImageIndex;
  /** Blobs that lie in the tar, and those that were made here, by digest. */
  readonly places: ReadonlyMap<string, Place>;
  readonly made: ReadonlyMap<string, Buffer>;
}

const saved = v.array(
  v.object({
    Config: v.string(),
    RepoTags: v.optional(v.nullable(v.array(v.string()))),
    Layers: v.array(v.string()),
  }),
);

/**
 * Reads what `docker save` before 25, `podman save` and `docker-archive:` write: a `manifest.json` that names a configuration
 * and layers. It has no digests but the configuration's own list, which plain layers are named by; reading checks them.
 *
 * @throws EnvpackError IMAGE_INVALID
 */
export async function readDockerArchive(json: Buffer, files: TarFiles, path: string): Promise<DockerArchive> {
  const places = new Map<string, Place>();
  const made = new Map<string, Buffer>();
  const manifests: Descriptor[] = [];
  for (const image of decodeSaved(json, path)) {
    const bytes = await readShort(files, image.Config, path);
    const config = descriptorOf(MEDIA.config, bytes);
    made.set(config.digest, bytes);
    const { rootfs, os, architecture, variant } = decodeConfig(bytes, path);
    const layers: Descriptor[] = [];
    for (const [at, name] of image.Layers.entries()) {
      const place = files.find(name);
      if (place === undefined) throw invalidImage(`its layer ${JSON.stringify(name)} is missing`, path);
      const layer = await describeLayer(files, place, rootfs.diff_ids[at] ?? "");
      places.set(layer.digest, place);
      layers.push(layer);
    }
    const manifest = encodeDocument({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers });
    made.set(digestOf(manifest), manifest);
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    const tag = /:([^:/]+)$/.exec(image.RepoTags?.[0] ?? "")?.[1];
    const annotations = tag === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": tag } };
    manifests.push({ ...descriptorOf(MEDIA.manifest, manifest), platform, ...annotations });
  }
  return { index: { schemaVersion: 2, manifests }, places, made };
}

function decodeSaved(json: Buffer, path: string): v.InferOutput<typeof saved> {
  try {
    return v.parse(saved, JSON.parse(json.toString("utf8")));
  } catch (error) {
    throw invalidImage("its manifest.json is not docker's", path, error);
  }
}

async function readShort(files: TarFiles, name: string, path: string): Promise<Buffer> {
  const place = files.find(name);
  if (place === undefined || place.size > MAX_DOCUMENT) throw invalidImage("its configuration is missing, or too long", path);
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(place)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Docker and podman write layers plain; other programs compress them, and then no document says their digest. */
async function describeLayer(files: TarFiles, place: Place, diffId: string): Promise<Descriptor> {
  let compression: ReturnType<typeof readCompression> = null;
  const hash = createHash("sha256");
  for await (const piece of files.read(place)) {
    compression ??= readCompression(piece);
    if (compression === null) return { mediaType: MEDIA.layer, digest: diffId, size: place.size };
    hash.update(piece);
  }
  return {
    mediaType: compression === null ? MEDIA.layer : `${MEDIA.layer}+${compression}`,
    digest: `sha256:${hash.digest("hex")}`,
    size: place.size,
  };
}
