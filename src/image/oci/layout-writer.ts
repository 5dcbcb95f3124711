import { createHash } from "node:crypto";
import type { Artifact } from "./artifact.js";
import { readBlob, type BlobSource } from "./blobs.js";
import { descriptorOf, encodeDocument, MEDIA, type Descriptor } from "./documents.js";

/** Takes the bytes of a blob, in order. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** Where a layout's files go: into a tar, or a folder. */
export interface LayoutTarget {
  /** Begins a file whose name is known when it is whole. */
  begin(): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it under this path of the layout; null where it is not wanted after all. */
  end(path: string | null): Promise<void>;
  /** Makes the layout visible, whole. */
  commit(): Promise<void>;
  /** Leaves nothing behind; harmless after `commit`. */
  abort(): Promise<void>;
}

/** An image of a layout, under the name that it is loaded by. */
export interface NamedImage {
  readonly descriptor: Descriptor;
  /** "docker.io/library/shop:1.4.0" */
  readonly name: string;
  readonly tag: string;
  /**
   * For docker's own face of the layout, which knows no index: of several platforms each image has a name of its own,
   * but for the first, whose `ending` is "".
   */
  readonly docker: readonly { readonly config: string; readonly layers: readonly string[]; readonly ending: string }[];
}

/**
 * Writes an OCI image layout (image-spec 1.1, image-layout.md). In a tar it has two faces: that one, and docker's
 * `manifest.json`, which `docker load` of every age reads; the blobs are the same.
 */
export class LayoutWriter {
  readonly #target: LayoutTarget;
  readonly #known = new Set<string>();

  constructor(target: LayoutTarget) {
    this.#target = target;
  }

  /** Adds a blob that is made while it is written; one that is there already is not stored twice. */
  async addBlob(mediaType: string, fill: (write: WriteBytes) => Promise<void>): Promise<Descriptor> {
    const hash = createHash("sha256");
    let size = 0;
    await this.#target.begin();
    try {
      await fill(async (bytes) => {
        hash.update(bytes);
        size += bytes.length;
        await this.#target.write(bytes);
      });
    } catch (error) {
      await this.#target.end(null).catch(() => undefined);
      throw error;
    }
    const digest = `sha256:${hash.digest("hex")}`;
    const isNew = !this.#known.has(digest);
    await this.#target.end(isNew ? blobPath(digest) : null);
    this.#known.add(digest);
    return { mediaType, digest, size };
  }

  /** Adds a blob whose digest is known; the bytes have been checked, or end with an error where they are others. */
  async addKnown({ digest }: Descriptor, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#target.begin();
    try {
      // A sink takes the bytes for its own.
      for await (const piece of bytes) await this.#target.write(new Uint8Array(piece));
    } catch (error) {
      await this.#target.end(null).catch(() => undefined);
      throw error;
    }
    await this.#target.end(this.#known.has(digest) ? null : blobPath(digest));
    this.#known.add(digest);
  }

  async addDocument(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    await this.addBlob(mediaType, (write) => write(new Uint8Array(bytes)));
    return descriptorOf(mediaType, bytes);
  }

  /** Adds what is attached to an image that is in the layout. */
  async addArtifact({ descriptor, manifestBytes, blobs }: Artifact): Promise<void> {
    for (const blob of blobs) await copyBlob(blob.source, blob.descriptor, this);
    await this.addDocument(descriptor.mediaType, manifestBytes);
  }

  /**
   * Adds what tells of the images, and makes the layout visible.
   *
   * @param artifacts what is attached to them, which has no name of its own
   */
  async finish(images: readonly NamedImage[], artifacts: readonly Descriptor[] = []): Promise<void> {
    const manifests = images.map(({ descriptor, name, tag }) => ({
      ...descriptor,
      annotations: { ...descriptor.annotations, "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag },
    }));
    await this.#addFile("oci-layout", encodeDocument({ imageLayoutVersion: "1.0.0" }));
    await this.#addFile(
      "index.json",
      encodeDocument({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [...manifests, ...artifacts] }),
    );
    const docker = images.flatMap(({ docker: faces, name }) =>
      faces.map(({ config, layers, ending }) => ({
        Config: blobPath(config),
        RepoTags: [`${shortName(name)}${ending}`],
        Layers: layers.map(blobPath),
      })),
    );
    if (docker.length > 0) await this.#addFile("manifest.json", encodeDocument(docker));
    await this.#target.commit();
  }

  abort(): Promise<void> {
    return this.#target.abort();
  }

  async #addFile(path: string, bytes: Uint8Array): Promise<void> {
    await this.#target.begin();
    await this.#target.write(new Uint8Array(bytes));
    await this.#target.end(path);
  }
}

export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** As docker shows it: without its own registry. */
function shortName(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/)?/, "");
}

/** Copies a blob into a layout, checked as it comes. */
export async function copyBlob(source: BlobSource, descriptor: Descriptor, writer: LayoutWriter): Promise<void> {
  await writer.addKnown(descriptor, readBlob(source, descriptor));
}
