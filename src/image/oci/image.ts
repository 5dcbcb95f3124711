import { readDocument, type BlobSource } from "./blobs.js";
import {
  compressionOf,
  decodeConfig,
  decodeIndex,
  decodeManifest,
  invalidImage,
  isIndex,
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  type OciPlatform,
} from "./documents.js";
import { isSamePlatform, platformText } from "./platform.js";

/** An image of one platform, its documents read and checked. */
export interface OpenImage {
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** The manifest's own bytes. */
  readonly manifestBytes: Buffer;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
  readonly source: BlobSource;
  /** The platforms of the index that it was chosen from; null where there was none. */
  readonly platforms: readonly OciPlatform[] | null;
}

/** An index in an index is one too many: no registry's image is so deep. */
const DEEPEST = 2;

/**
 * Reads the documents of an image. Of an index the image for a platform is chosen.
 *
 * @param wanted null: the only one of an index
 * @throws EnvpackError IMAGE_INVALID
 */
export async function openImage(source: BlobSource, root: Descriptor, wanted: OciPlatform | null): Promise<OpenImage> {
  let descriptor = root;
  let platforms: OciPlatform[] | null = null;
  for (let depth = 0; ; depth++) {
    const bytes = await readDocument(source, descriptor);
    if (!isIndex(bytes, descriptor.mediaType)) return openManifest(source, { descriptor, bytes, platforms });
    if (depth === DEEPEST) throw invalidImage("its indexes lead to no image", source.name);
    const { manifests } = decodeIndex(bytes, source.name);
    platforms = manifests.flatMap(({ platform }) => (platform === undefined || platform.os === "unknown" ? [] : [platform]));
    descriptor = chooseOf(manifests, wanted, source.name);
  }
}

/** The images that a descriptor stands for: itself, or those of an index; what is attached to them as a platform of its own is none. */
export async function listImages(source: BlobSource, root: Descriptor): Promise<readonly Descriptor[]> {
  const bytes = await readDocument(source, root);
  if (!isIndex(bytes, root.mediaType)) return [root];
  return decodeIndex(bytes, source.name).manifests.filter(({ platform }) => platform?.os !== "unknown");
}

function chooseOf(manifests: readonly Descriptor[], wanted: OciPlatform | null, from: string): Descriptor {
  const images = manifests.filter(({ platform }) => platform?.os !== "unknown");
  const fitting = wanted === null ? images : images.filter(({ platform }) => platform !== undefined && isSamePlatform(platform, wanted));
  const found = fitting[0] ?? (images.length === 1 && images[0]?.platform === undefined ? images[0] : undefined);
  if (found !== undefined) return found;
  const has = images.flatMap(({ platform }) => (platform === undefined ? [] : [platformText(platform)]));
  throw invalidImage(
    `it has no image for ${wanted === null ? "any platform" : platformText(wanted)}${has.length === 0 ? "" : `, only for ${has.slice(0, 8).join(", ")}`}`,
    from,
  );
}

async function openManifest(
  source: BlobSource,
  { descriptor, bytes, platforms }: { readonly descriptor: Descriptor; readonly bytes: Buffer; readonly platforms: OciPlatform[] | null },
): Promise<OpenImage> {
  const manifest = decodeManifest(bytes, source.name);
  if (manifest.layers.some(({ mediaType }) => compressionOf(mediaType) === null))
    throw invalidImage("it has layers of an unknown kind: an artifact, no image to run", source.name);
  const configBytes = await readDocument(source, manifest.config);
  const config = decodeConfig(configBytes, source.name);
  if (config.rootfs.diff_ids.length !== manifest.layers.length)
    throw invalidImage("its configuration tells of another number of layers than its manifest", source.name);
  return { descriptor, manifest, manifestBytes: bytes, config, configBytes, source, platforms };
}
