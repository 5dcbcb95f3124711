import { platformText } from "../../image/oci/platform.js";
import type { FinishedImages } from "./image-job.js";
import type { MadeImage } from "./make-image.js";
import type { PushedImage } from "./push.js";

/** What is told of an image that was made. */
export interface PackedImage {
  /** Of its manifest: "sha256:…". */
  readonly digest: string;
  /** Of the index that names it among the images for other platforms; null where it stands alone. */
  readonly index: string | null;
  /** Where the environment lies in it. */
  readonly prefix: string;
  /** "linux/amd64" */
  readonly platform: string;
  /** Null of one that stands on this machine's C library. */
  readonly base: { readonly name: string; readonly digest: string } | null;
  /** Those of the environment, from what changes least to what changes most. */
  readonly layers: readonly ImageLayer[];
  /** Bytes of all layers, those of the base included, and of the configuration. */
  readonly bytes: number;
  /** What is attached to it, or to its index: bills of materials, provenance, signatures. */
  readonly attached: readonly AttachedDocument[];
  readonly pushed: readonly PushedImage[];
}

export interface ImageLayer {
  /** "system", "runtime", "large dependencies", "dependencies", "application". */
  readonly role: string;
  readonly digest: string;
  readonly diffId: string;
  readonly bytes: number;
  /** Where it came from without a file being read; null: it was made. */
  readonly from: "layout" | "registry" | null;
}

/** A document that refers to an image. */
export interface AttachedDocument {
  /** Of its manifest: "sha256:…". */
  readonly digest: string;
  /** "application/vnd.cyclonedx+json" */
  readonly type: string;
  /** Digest of the image, or of the index, that it refers to. */
  readonly subject: string;
}

/** Tells of one image of those that were made together. */
export function describeMade(made: MadeImage, { index, artifacts, pushed }: FinishedImages): PackedImage {
  const subjects = [made.manifest.digest, index?.digest];
  return {
    digest: made.manifest.digest,
    index: index?.digest ?? null,
    prefix: made.prefix,
    platform: platformText(made.platform),
    base: made.base === null ? null : { name: made.base.name, digest: made.base.image.descriptor.digest },
    layers: made.layers.map(({ role, descriptor, diffId, from }) => ({
      role,
      digest: descriptor.digest,
      diffId,
      bytes: descriptor.size,
      from,
    })),
    bytes: made.allLayers.reduce((sum, { size }) => sum + size, made.config.size),
    attached: artifacts
      .filter(({ subject }) => subjects.includes(subject))
      .map(({ descriptor, subject }) => ({ digest: descriptor.digest, type: descriptor.artifactType ?? "", subject })),
    pushed,
  };
}
