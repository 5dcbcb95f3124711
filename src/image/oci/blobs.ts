import { createHash } from "node:crypto";
import { explainError } from "../../support/errors.js";
import type { Descriptor } from "./documents.js";
import { invalidImage, MAX_DOCUMENT } from "./documents.js";

/** What is known of a blob; a registry keeps manifests and indexes apart, and tells them by their media type. */
type Blob = Pick<Descriptor, "digest" | "size"> & Partial<Pick<Descriptor, "mediaType">>;

/** Where the blobs of images lie: a layout, or a repository on a registry. */
export interface BlobSource {
  /** For messages: a path or a reference. */
  readonly name: string;
  /** The bytes of a blob, not yet checked; null where it is not there. */
  open(descriptor: Blob): Promise<AsyncIterable<Uint8Array> | null>;
}

/**
 * The bytes of a blob, checked against its digest and size as they come: no more than it says is read, and at the
 * end it throws where they are others.
 *
 * @throws EnvpackError IMAGE_INVALID
 */
export async function* readBlob(source: BlobSource, { digest, size, mediaType }: Blob): AsyncGenerator<Uint8Array> {
  const bytes = await source.open({ digest, size, mediaType });
  if (bytes === null) throw invalidImage(`the blob ${digest} is missing`, source.name);
  const hash = createHash("sha256");
  let left = size;
  for await (const chunk of explained(bytes, source.name)) {
    left -= chunk.length;
    if (left < 0) throw invalidImage(`the blob ${digest} is longer than its manifest says`, source.name);
    hash.update(chunk);
    yield chunk;
  }
  if (left > 0 || `sha256:${hash.digest("hex")}` !== digest)
    throw invalidImage(`the blob ${digest} holds other bytes than its digest says`, source.name);
}

/** A disk that fails, or a file that may not be read, is no fault of the bytes. */
async function* explained(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw explainError(error, "cannot read the image", name);
  }
}

/** A manifest, an index or a configuration, whole and checked. */
export async function readDocument(source: BlobSource, descriptor: Blob): Promise<Buffer> {
  if (descriptor.size > MAX_DOCUMENT) throw invalidImage("a document of it is too long", source.name);
  const pieces: Uint8Array[] = [];
  for await (const piece of readBlob(source, descriptor)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A blob that is in memory already. */
export function inMemory(name: string, bytes: Uint8Array): BlobSource {
  return { name, open: async () => one(bytes) };
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
