import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { inArchiveOrder } from "../../archive/archive-order.js";
import { META } from "../../archive/entry.js";
import { decodeIndex, type ArchiveIndex } from "../../archive/index/index-file.js";
import { PREFIX_LABEL } from "../../image/labels.js";
import { decodeManifest } from "../../manifest/decode.js";
import { readHost } from "../../manifest/host.js";
import type { Manifest } from "../../manifest/manifest.js";
import type { BlobSource } from "../../image/oci/blobs.js";
import { invalidImage, type Descriptor } from "../../image/oci/documents.js";
import { listImages, openImage, type OpenImage } from "../../image/oci/image.js";
import { readLayer } from "../../image/oci/layer-entries.js";
import { chooseImage, listArtifacts, openLayout } from "../../image/oci/layout-reader.js";
import { isSamePlatform, ociPlatform } from "../../image/oci/platform.js";
import { formatReference, namesRegistry, parseReference, readReference, type Reference } from "../../image/oci/reference.js";
import { RegistryClient } from "../../image/registry/client.js";
import { fetchReferrers, fetchSignatures } from "../../image/registry/referrers.js";
import { fetchManifest, registrySource } from "../../image/registry/source.js";
import { EnvpackError } from "../../support/errors.js";
import { MAX_FIXUPS, MAX_INDEX_BYTES, MAX_MANIFEST } from "../../support/limits.js";
import type { RegistryAccess } from "./options.js";

/** Where an image lies: on a registry, or in a layout. */
export interface ImagePlace {
  /** As it was named: a reference, or an absolute path. */
  readonly path: string;
  readonly source: BlobSource;
  /** What the name stands for: an image, or an index of several. */
  readonly root: Descriptor;
  /** What refers to a manifest or an index by its digest. */
  referrers(digest: string): Promise<readonly Descriptor[]>;
  /** Layers of signatures that lie under cosign's tag. */
  signatures(digest: string): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
}

/** An image with an environment in it. */
export interface ImageEnvironment {
  readonly place: ImagePlace;
  readonly image: OpenImage;
  /** Where the environment lies, absolute. */
  readonly prefix: string;
  readonly manifest: Manifest;
  readonly index: ArchiveIndex;
  readonly fixups: Uint8Array;
}

export interface OpenOptions extends RegistryAccess {
  readonly signal?: AbortSignal;
}

/** What a word means: an image that is there as a layout, or one on a registry; null: something else. */
export async function openPlace(path: string, { signal, plainHttp, authHosts }: OpenOptions): Promise<ImagePlace | null> {
  const absolute = resolve(path);
  if (existsSync(absolute)) return openInLayout(absolute);
  const reference = referenceOf(path);
  if (reference === null) return null;
  const client = new RegistryClient(reference, false, { signal, plainHttp, authHosts });
  return closeOnError(
    async () => {
      const found = await fetchManifest(client, reference.digest ?? reference.tag ?? "latest");
      if (found === null)
        throw new EnvpackError("IMAGE_INVALID", "the registry has no image of this name and tag", {
          path: formatReference(reference),
          hint: "look at the spelling of the name and the tag, or push it first",
        });
      return {
        path: formatReference(reference),
        source: registrySource(client),
        root: found.descriptor,
        referrers: (digest) => fetchReferrers(client, digest),
        signatures: (digest) => fetchSignatures(client, digest),
        close: async () => client.close(),
      };
    },
    async () => client.close(),
  );
}

async function openInLayout(path: string): Promise<ImagePlace | null> {
  const layout = await openLayout(path);
  if (layout === null) return null;
  return closeOnError(
    async () => ({
      path,
      source: layout,
      root: chooseImage(layout, null),
      referrers: async (digest) => {
        const found = await listArtifacts(layout);
        return found.filter(({ subject }) => subject === digest).map(({ descriptor }) => descriptor);
      },
      signatures: async () => [],
      close: () => layout.close(),
    }),
    () => layout.close(),
  );
}

/** What other programs write before a name, a host with a port, and a host with a tag behind it: no file is meant. */
const MEANT =
  /^(?:https?|docker|oci|oci-archive|docker-archive|docker-daemon|containers-storage):|^[\w.-]+:\d+\/|^\w[\w-]*(?:\.[\w-]+)+\/.*:[\w.-]+$/;

/**
 * What is not there as a file, and says a host, or a repository and a tag.
 *
 * @throws EnvpackError USAGE where a name is meant, and is none
 */
function referenceOf(word: string): Reference | null {
  if (MEANT.test(word)) return parseReference(word);
  return namesRegistry(word) || /^[a-z0-9][\w.-]*\/[^:]+:[\w.-]+$/.test(word) ? readReference(word) : null;
}

async function closeOnError<T>(work: () => Promise<T>, close: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await close();
    throw error;
  }
}

/** The environment of the image that this machine would run, else of the first. */
export async function readChosen(place: ImagePlace): Promise<ImageEnvironment> {
  const { os, arch } = await readHost();
  const images = await listImages(place.source, place.root);
  const own = images.find(({ platform }) => platform !== undefined && isSamePlatform(platform, ociPlatform(os, arch))) ?? images[0];
  return readEnvironment(place, await openImage(place.source, place.root, own?.platform ?? null));
}

/** The environments of all images of a place, one for each platform. */
export async function* readAll(place: ImagePlace): AsyncGenerator<ImageEnvironment> {
  for (const descriptor of await listImages(place.source, place.root))
    yield await readEnvironment(place, await openImage(place.source, descriptor, null));
}

const LIMITS = new Map<string, number>([
  [META.manifest, MAX_MANIFEST],
  [META.fixups, MAX_FIXUPS],
  [META.index, MAX_INDEX_BYTES],
]);

/** The environment's records lie in the last of its layers. */
async function readEnvironment(place: ImagePlace, image: OpenImage): Promise<ImageEnvironment> {
  const { layers } = image.manifest;
  const label = image.config.config?.Labels?.[PREFIX_LABEL];
  for (let at = layers.length - 1; at >= 0; at--) {
    const found = await readRecords(image, at, label?.slice(1));
    const [manifest, index, fixups] = [META.manifest, META.index, META.fixups].map((name) => found.files.get(name));
    if (manifest === undefined || index === undefined || fixups === undefined) continue;
    const decoded = decodeManifest(manifest);
    const records = decodeIndex(index, decoded.totals);
    return {
      place,
      image,
      prefix: `/${found.prefix}`,
      manifest: decoded,
      index: { ...records, entries: inArchiveOrder(records.entries) },
      fixups,
    };
  }
  throw invalidImage("it holds no environment of envpack's", place.path);
}

async function readRecords(
  image: OpenImage,
  at: number,
  label: string | undefined,
): Promise<{ readonly prefix: string; readonly files: ReadonlyMap<string, Buffer> }> {
  const pieces = new Map<string, Buffer[]>();
  let prefix = label ?? "";
  await readLayer(image.source, layerAt(image, at), image.config.rootfs.diff_ids[at] ?? "", ({ path, type, size }) => {
    const own = [...LIMITS.keys()].find((name) => path.endsWith(`/${name}`));
    if (own === undefined || type !== "file") return null;
    const folder = path.slice(0, -own.length - 1);
    if (label !== undefined ? folder !== label : prefix !== "" && folder !== prefix) return null;
    prefix = folder;
    if (size > (LIMITS.get(own) ?? 0)) throw invalidImage("a record of its environment is larger than it may be", image.source.name);
    const list: Buffer[] = [];
    pieces.set(own, list);
    return (bytes) => list.push(Buffer.from(bytes));
  });
  return { prefix, files: new Map([...pieces].map(([name, list]) => [name, Buffer.concat(list)])) };
}

export function layerAt({ manifest, source }: OpenImage, at: number): OpenImage["manifest"]["layers"][number] {
  const layer = manifest.layers[at];
  if (layer === undefined) throw invalidImage("a layer is missing", source.name);
  return layer;
}
