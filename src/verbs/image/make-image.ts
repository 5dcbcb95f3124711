import type { PlannedFile } from "../../archive/entry.js";
import { findPathFault } from "../../archive/path-rules.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import type { Pool } from "../../engine/threads/pool.js";
import { makeConfig } from "../../image/config.js";
import { makeLabels } from "../../image/labels.js";
import { encodeSystem } from "../../image/libc/raw-tar.js";
import { systemFiles } from "../../image/libc/system-layer.js";
import { makeLayers, type LayerSources, type MadeLayer, type MadeLayers } from "../../image/make-layers.js";
import { findStart } from "../../image/start-command.js";
import { readSystemNeeds, type ImageSubject, type SystemNeeds } from "../../image/subject.js";
import { encodeDocument, MEDIA, type Descriptor, type OciPlatform } from "../../image/oci/documents.js";
import { copyBlob } from "../../image/oci/layout-writer.js";
import { ociPlatform } from "../../image/oci/platform.js";
import { repositoryName } from "../../image/oci/reference.js";
import type { RegistryOptions } from "../../image/registry/client.js";
import type { FileHits, ScanRoot } from "../../scan/scan.js";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import { chooseBase, openBase, type Base } from "./open-base.js";
import type { ImageOptions } from "./options.js";

export interface ImageRequest extends LayerSources {
  readonly image: ImageOptions;
  readonly subject: ImageSubject;
  /** The project's folder, for its revision; null where it is not at hand. */
  readonly root: string | null;
  readonly pool: Pool;
  readonly shape: Omit<TarShape, "arcroot">;
  readonly level?: number;
  readonly roots: readonly ScanRoot[];
  readonly tail: (hits: readonly FileHits[], digest: string) => readonly PlannedFile[];
  /** Seconds since 1970 that the image says it was made; null: a constant. */
  readonly created: number | null;
  /** A folder of this process's own. */
  readonly scratch: string;
  /** Whether the base's layers have to be in the layout. */
  readonly withBase: boolean;
  readonly registry: RegistryOptions;
  readonly onBytes?: (bytes: number) => void;
}

/** An image whose blobs are in the layout or its base, and whose documents are made. */
export interface MadeImage extends MadeLayers {
  readonly platform: OciPlatform;
  readonly prefix: string;
  readonly manifest: Descriptor;
  readonly manifestBytes: Buffer;
  readonly config: Descriptor;
  /** Of the base, then those of the environment. */
  readonly allLayers: readonly Descriptor[];
  readonly base: Base | null;
  readonly notices: readonly Notice[];
}

/** @throws EnvpackError USAGE where it is no place for an environment */
export function choosePrefix({ prefix }: ImageOptions, name: string): string {
  if (prefix === undefined) return `/opt/${repositoryName(name)}`;
  const plain = prefix.replace(/(?<!\/)\/+$/, "");
  const fault = findPlaceFault(prefix, plain);
  if (fault === null) return plain;
  throw new EnvpackError("USAGE", `the environment's place in the image is ${fault}`, {
    path: prefix,
    hint: "name a folder of its own, as --prefix-in-image /opt/shop",
  });
}

function findPlaceFault(prefix: string, plain: string): string | null {
  if (!prefix.startsWith("/")) return "no absolute path";
  return plain === "" ? "the root, where its folders would replace the system's" : findPathFault(plain.slice(1));
}

/**
 * Makes the image of an environment: checks the base, makes or takes over each layer, and writes the documents into
 * the layout, which the caller ends.
 *
 * @throws EnvpackError USAGE, IMAGE_BASE, IMAGE_INVALID, SOURCE_CHANGED …
 */
export async function makeImage(request: ImageRequest): Promise<MadeImage> {
  const { subject, image, scratch, registry } = request;
  assertLinux(subject);
  const needs = readSystemNeeds(subject);
  const chosen = chooseBase(image.base, subject);
  const base = chosen === "none" ? null : await openBase(chosen, { subject, needs, scratch, registry });
  try {
    return await makeOn(base, needs, request);
  } catch (error) {
    await base?.close();
    throw error;
  }
}

function assertLinux({ manifest }: ImageSubject): void {
  const { os, arch } = manifest.platform;
  if (os === "linux") return;
  throw new EnvpackError("ARCHIVE_UNFIT", `an image runs on Linux, and this environment is for ${os}-${arch}`, {
    hint: "install and pack it on Linux, or in a container",
  });
}

async function makeOn(base: Base | null, needs: SystemNeeds, request: ImageRequest): Promise<MadeImage> {
  const { subject, image, writer, withBase, pool, level, roots, onBytes } = request;
  if (base === null && subject.manifest.runtime === null)
    throw new EnvpackError("IMAGE_BASE", "neither the environment nor the image would have a node", {
      hint: "name a base that has one, as --base node:22-slim, or leave --node none away",
    });
  const system = base === null ? await systemFiles(subject.manifest.platform, needs) : null;
  const shape: TarShape = { ...request.shape, arcroot: subject.prefix.slice(1) };
  const made = await makeLayers({
    ...request,
    maker: { pool, shape, codec: image.compression ?? "gzip", level, roots, onBytes },
    system: system === null ? null : new Uint8Array(encodeSystem(system.entries, shape.mtime)),
  });
  if (withBase && base !== null) for (const layer of base.image.manifest.layers) await copyBlob(base.image.source, layer, writer);
  const start = findStart(subject);
  const platform = ociPlatform(subject.manifest.platform.os, subject.manifest.platform.arch);
  const config = makeConfig({
    platform,
    prefix: subject.prefix,
    start,
    wishes: image,
    labels: makeLabels(
      subject,
      request.root,
      base === null ? null : { name: base.repository === null ? null : base.name, digest: base.image.descriptor.digest },
    ),
    created: request.created,
    base: base?.image.config ?? null,
    layers: made.layers.map(({ role, diffId }) => ({ diffId, comment: role })),
  });
  const notices = [...(base?.notices ?? []), ...(system?.notices ?? []), ...noticeStart(start.from, image)];
  return { ...made, ...(await writeDocuments(made.layers, config, base, request)), platform, prefix: subject.prefix, base, notices };
}

async function writeDocuments(
  layers: readonly MadeLayer[],
  config: object,
  base: Base | null,
  { writer }: ImageRequest,
): Promise<Pick<MadeImage, "manifest" | "manifestBytes" | "config" | "allLayers">> {
  const described = await writer.addDocument(MEDIA.config, encodeDocument(config));
  const allLayers = [
    ...(base?.image.manifest.layers ?? []).map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    ...layers.map(({ descriptor }) => descriptor),
  ];
  const manifestBytes = encodeDocument({ schemaVersion: 2, mediaType: MEDIA.manifest, config: described, layers: allLayers });
  return { manifest: await writer.addDocument(MEDIA.manifest, manifestBytes), manifestBytes, config: described, allLayers };
}

function noticeStart(from: string | null, { entrypoint, cmd }: ImageOptions): Notice[] {
  if (from !== null || entrypoint !== undefined || cmd !== undefined) return [];
  return [
    {
      code: "NO_START",
      message:
        "package.json names no plain start (scripts.start, main, bin): containers start node alone; --cmd names what they are to run",
    },
  ];
}
