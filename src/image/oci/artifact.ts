import { inMemory, readDocument, type BlobSource } from "./blobs.js";
import { decodeManifest, descriptorOf, encodeDocument, MEDIA, type Descriptor } from "./documents.js";

/** What is attached to an image: a bill of materials, a signature. */
export interface Attachment {
  /** "application/vnd.cyclonedx+json" */
  readonly type: string;
  /** Of its one layer, where that is another than its own type. */
  readonly layerType?: string;
  readonly bytes: Uint8Array;
  /** The name of a file that it is saved as. */
  readonly title: string;
  /** Of its layer. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A document that refers to an image (image-spec 1.1, "Guidelines for Artifact Usage"), ready to be written somewhere. */
export interface Artifact {
  /** Of its manifest; the artifactType tells its kind. */
  readonly descriptor: Descriptor;
  readonly manifestBytes: Buffer;
  /** Digest of the manifest or index that it is attached to. */
  readonly subject: string;
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly source: BlobSource }[];
}

const EMPTY = Buffer.from("{}");

/** Makes the artifact that attaches a document to an image; the same document gives the same artifact. */
export function makeArtifact(subject: Descriptor, { type, layerType = type, bytes, title, annotations }: Attachment): Artifact {
  const config = descriptorOf(MEDIA.empty, EMPTY);
  const layer = { ...descriptorOf(layerType, bytes), annotations: { "org.opencontainers.image.title": title, ...annotations } };
  const { mediaType, digest, size } = subject;
  const manifestBytes = encodeDocument({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType: type,
    config,
    layers: [layer],
    subject: { mediaType, digest, size },
  });
  return {
    descriptor: { ...descriptorOf(MEDIA.manifest, manifestBytes), artifactType: type },
    manifestBytes,
    subject: digest,
    blobs: [
      { descriptor: config, source: inMemory(title, EMPTY) },
      { descriptor: layer, source: inMemory(title, bytes) },
    ],
  };
}

/**
 * Reads the manifest of what may be an artifact.
 *
 * @returns null where it refers to nothing: an image of its own
 * @throws EnvpackError IMAGE_INVALID
 */
export async function readArtifact(source: BlobSource, descriptor: Descriptor): Promise<Artifact | null> {
  const manifestBytes = await readDocument(source, descriptor);
  const { artifactType, config, layers, subject } = decodeManifest(manifestBytes, source.name);
  if (subject === undefined) return null;
  const { mediaType, digest, size } = descriptor;
  return {
    descriptor: { mediaType, digest, size, artifactType: artifactType ?? descriptor.artifactType ?? config.mediaType },
    manifestBytes,
    subject: subject.digest,
    blobs: [config, ...layers].map((one) => ({ descriptor: one, source })),
  };
}
