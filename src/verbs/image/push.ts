import type { Artifact } from "../../image/oci/artifact.js";
import type { BlobSource } from "../../image/oci/blobs.js";
import type { Descriptor } from "../../image/oci/documents.js";
import { formatReference, parseReference, type Reference } from "../../image/oci/reference.js";
import { RegistryClient, type RegistryOptions } from "../../image/registry/client.js";
import { knownPlaces } from "../../image/registry/known-places.js";
import { pushImage, type Document } from "../../image/registry/push.js";
import { attach } from "../../image/registry/referrers.js";
import { findBlob } from "../../image/registry/upload.js";
import { EnvpackError } from "../../support/errors.js";
import type { ProgressListener } from "../../support/progress.js";

/** What a push to one name came to. */
export interface PushedImage {
  /** With its tag. */
  readonly reference: string;
  /** By which it can be pulled for certain: "HOST/REPOSITORY@sha256:…". */
  readonly pinned: string;
  readonly digest: string;
  /** Bytes of layers and configurations that were sent, that came from another repository, and that were there. */
  readonly sentBytes: number;
  readonly mountedBytes: number;
  readonly thereBytes: number;
  /** Digests of what was attached. */
  readonly attached: readonly string[];
}

/** All that is pushed, under each name alike. */
export interface PushContent {
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly source: BlobSource }[];
  readonly documents: readonly Document[];
  readonly base: { readonly registry: string; readonly repository: string } | null;
  readonly artifacts: readonly Artifact[];
  readonly onProgress?: ProgressListener;
}

/** The names that an image is to be pushed to, and a client for each; they are closed together. */
export class PushTargets {
  readonly clients: readonly RegistryClient[];

  /** @throws EnvpackError USAGE */
  constructor(names: readonly string[], options: RegistryOptions) {
    const references = names.flatMap((name) => name.split(",")).map((name) => parseReference(name.trim()));
    const pinned = references.find(({ digest }) => digest !== null);
    if (pinned !== undefined)
      throw new EnvpackError("USAGE", "an image is pushed to a tag; its digest follows from it", {
        path: formatReference(pinned),
        hint: "leave the digest away",
      });
    this.clients = references.map((reference) => new RegistryClient(reference, true, options));
  }

  /** Whether all of them have a blob, or could be given it by the registry itself. */
  async have(digest: string): Promise<boolean> {
    if (this.clients.length === 0) return false;
    for (const client of this.clients) {
      const { registry, repository } = client.reference;
      const places = knownPlaces(registry, digest).filter((one) => one !== repository);
      if ((await findBlob(client, digest, places)) === null) return false;
    }
    return true;
  }

  /** Pushes to one after the other; a registry gives to the second repository what the first has. */
  async push(content: PushContent): Promise<readonly PushedImage[]> {
    const pushed: PushedImage[] = [];
    for (const client of this.clients) pushed.push(await pushTo(client, content, this.#siblings(client.reference, content)));
    return pushed;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  #siblings(own: Reference, { base }: PushContent): string[] {
    const known = [...(base === null ? [] : [base]), ...this.clients.map(({ reference }) => reference)];
    return [
      ...new Set(
        known
          .filter(({ registry, repository }) => registry === own.registry && repository !== own.repository)
          .map(({ repository }) => repository),
      ),
    ];
  }
}

async function pushTo(
  client: RegistryClient,
  { blobs, documents, artifacts, onProgress }: PushContent,
  mountFrom: readonly string[],
): Promise<PushedImage> {
  const { reference } = client;
  const total = blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  let done = 0;
  const pushed = await pushImage(client, {
    blobs,
    documents,
    tag: reference.tag,
    mountFrom,
    beforeTag: async () => {
      for (const artifact of artifacts) await attach(client, artifact);
    },
    onBytes: (bytes) => {
      done += bytes;
      onProgress?.({ stage: "sending", done: Math.min(done, total), total });
    },
  });
  return {
    reference: formatReference(reference),
    pinned: formatReference({ ...reference, tag: null, digest: pushed.digest }),
    ...pushed,
    attached: artifacts.map(({ descriptor }) => descriptor.digest),
  };
}
