import { lstatSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { META, type Entry, type PlannedEntry } from "../../archive/entry.js";
import { makeScratch } from "../../cache/scratch.js";
import { withInput } from "../../engine/read/open-input.js";
import { extractOpened } from "../../engine/read/extract.js";
import { chooseThreads } from "../../engine/threads.js";
import { withPool } from "../../engine/threads/pool.js";
import { decodeManifest } from "../../manifest/decode.js";
import type { Signer } from "../../archive/signing/signer.js";
import { signImage } from "../../image/signature.js";
import { readSigner } from "../../inspect/signature-files.js";
import { makeArtifact, type Artifact } from "../../image/oci/artifact.js";
import { readDocument, type BlobSource } from "../../image/oci/blobs.js";
import {
  decodeIndex,
  decodeManifest as decodeImageManifest,
  digestOf,
  isIndex,
  MEDIA,
  type Descriptor,
  type OciPlatform,
} from "../../image/oci/documents.js";
import { openImage } from "../../image/oci/image.js";
import { openSpool } from "../../image/oci/layout-folder.js";
import { chooseImage, listArtifacts, openLayout, type Layout } from "../../image/oci/layout-reader.js";
import { LayoutWriter } from "../../image/oci/layout-writer.js";
import { platformText } from "../../image/oci/platform.js";
import type { Document } from "../../image/registry/push.js";
import { copyHardLinks } from "../../plan/zip-links.js";
import { refuseLayer } from "../../restore/base.js";
import { closeAll, thenClose } from "../../support/close-all.js";
import { EnvpackError } from "../../support/errors.js";
import type { CommonOptions } from "../../support/options.js";
import type { Notice } from "../../support/progress.js";
import { choosePrefix, makeImage, type MadeImage } from "../image/make-image.js";
import { blobsOf, makeIndex } from "../image/image-job.js";
import type { ImageOptions, RegistryAccess } from "../image/options.js";
import { PushTargets, type PushedImage } from "../image/push.js";
import { timesOf } from "../pack/mtime.js";

export interface DeliverRegistryOptions extends CommonOptions {
  /** Image layouts (`x.oci.tar`, `x.oci/`) or archives. Several, each for a platform of its own, become one image for all. */
  readonly sources: readonly string[];
  /** Names to push it to, as "ghcr.io/acme/shop:1.4.0". */
  readonly to: readonly string[];
  /** How images are made of archives, and how registries are spoken to; of a layout, whose image is made already, only the latter. */
  readonly image?: Omit<ImageOptions, "to">;
  /** The file of a private Ed25519 key: signatures of the image's digest, and of each image of an index, are attached to it. */
  readonly sign?: string;
}

export interface DeliverRegistryResult {
  /** Of the image, or of the index of several: "sha256:…". */
  readonly digest: string;
  /** "linux/amd64" … */
  readonly platforms: readonly string[];
  readonly pushed: readonly PushedImage[];
  readonly notices: readonly Notice[];
}

/** What one source comes to: blobs, what refers to them, and the last of that. */
interface Part {
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly source: BlobSource }[];
  readonly documents: readonly Document[];
  readonly root: Descriptor;
  /** The images that it stands for: itself, or those of its index. */
  readonly images: readonly Descriptor[];
  readonly platforms: readonly OciPlatform[];
  /** What is attached to the images of a layout. */
  readonly artifacts: readonly Artifact[];
  readonly base: MadeImage["base"];
  readonly notices: readonly Notice[];
  close(): Promise<void>;
}

interface Tools {
  readonly scratch: string;
  readonly targets: PushTargets;
}

/** Pushes images to registries: whole, the tag last. An archive becomes an image on the way. */
export async function deliverRegistry(options: DeliverRegistryOptions): Promise<DeliverRegistryResult> {
  const { sources, to, image = {}, signal, onProgress } = options;
  if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
  if (sources.length === 0 || to.length === 0)
    throw new EnvpackError("USAGE", "something is to be delivered somewhere", {
      hint: "name an image layout or an archive, and a registry with --to",
    });
  const signer = options.sign === undefined ? null : await readSigner(options.sign);
  const targets = new PushTargets(to, { plainHttp: image.plainHttp, authHosts: image.authHosts, signal });
  const scratch = await makeScratch();
  const parts: Part[] = [];
  return thenClose(
    async () => {
      for (const [at, source] of sources.entries())
        parts.push(await openPart(resolve(source), options, { scratch: join(scratch.path, String(at)), targets }));
      return pushParts(parts, targets, signer, onProgress);
    },
    () => closeAll([...parts.map((part) => () => part.close()), () => targets.close(), () => scratch.remove()]),
  );
}

async function pushParts(
  parts: readonly Part[],
  targets: PushTargets,
  signer: Signer | null,
  onProgress: DeliverRegistryOptions["onProgress"],
): Promise<DeliverRegistryResult> {
  const index = parts.length === 1 ? null : makeIndex(parts.map(({ root }) => root));
  const documents = parts.flatMap((part) => part.documents);
  if (index !== null) documents.push({ mediaType: MEDIA.index, bytes: index.bytes });
  const root = index?.descriptor ?? parts[0]?.root;
  const roots = root === undefined ? [] : [root, ...parts.flatMap(({ images }) => images)];
  const pushed = await targets.push({
    blobs: parts.flatMap(({ blobs }) => blobs),
    documents,
    base: parts.find(({ base }) => base !== null)?.base?.repository ?? null,
    artifacts: [...parts.flatMap(({ artifacts }) => artifacts), ...(signer === null ? [] : await signEach(roots, targets, signer))],
    onProgress,
  });
  return {
    digest: root?.digest ?? "",
    platforms: parts.flatMap(({ platforms }) => platforms.map(platformText)),
    pushed,
    notices: parts.flatMap(({ notices }) => notices),
  };
}

/** Readers that take one image of an index look for the signature of that one. */
async function signEach(roots: readonly Descriptor[], { clients }: PushTargets, signer: Signer): Promise<Artifact[]> {
  const byDigest = new Map(roots.map((one) => [one.digest, one]));
  const artifacts: Artifact[] = [];
  for (const one of byDigest.values()) artifacts.push(makeArtifact(one, await signImage(one.digest, clients[0]?.name ?? "", signer)));
  return artifacts;
}

async function openPart(path: string, options: DeliverRegistryOptions, tools: Tools): Promise<Part> {
  const layout = await openLayout(path);
  if (layout === null) return partOfArchive(path, options, tools);
  try {
    refuseWishes(path, options.image ?? {});
    return { ...(await partOfLayout(layout)), close: () => layout.close() };
  } catch (error) {
    await layout.close();
    throw error;
  }
}

/** What shapes an image, by its flag. */
const SHAPING = {
  base: "--base",
  prefix: "--prefix-in-image",
  entrypoint: "--entrypoint",
  cmd: "--cmd",
  user: "--user",
  env: "--env",
  labels: "--label",
  ports: "--port",
  health: "--health-cmd",
  stopSignal: "--stop-signal",
  compression: "--layer-compression",
} as const satisfies Record<Exclude<keyof ImageOptions, "to" | keyof RegistryAccess>, string>;

/** @throws EnvpackError USAGE where an image that is made already is to be another one */
function refuseWishes(path: string, image: ImageOptions): void {
  const asked = Object.entries(SHAPING).find(([name]) => image[name as keyof typeof SHAPING] !== undefined);
  if (asked === undefined) return;
  throw new EnvpackError("USAGE", `an image layout is pushed as it is: ${asked[1]} is for images that are made of an archive`, {
    path,
    hint: `leave ${asked[1]} away, or name the archive that the image was made of`,
  });
}

/** A layout as it is: what an index in it refers to comes before it, and what is attached to them behind. */
async function partOfLayout(layout: Layout): Promise<Omit<Part, "close">> {
  const root = chooseImage(layout, null);
  const bytes = await readDocument(layout, root);
  const inner = isIndex(bytes, root.mediaType) ? decodeIndex(bytes, layout.path).manifests : [root];
  const images = inner.filter(({ platform }) => platform?.os !== "unknown");
  const found: Pick<Part, "blobs" | "documents">[] = [];
  for (const descriptor of inner) found.push(await manifestParts(layout, descriptor));
  const documents = found.flatMap((one) => one.documents);
  if (inner[0] !== root) documents.push({ mediaType: root.mediaType, bytes });
  const digests = new Set(documents.map((document) => digestOf(document.bytes)));
  const common = {
    images,
    blobs: found.flatMap(({ blobs }) => blobs),
    documents,
    artifacts: (await listArtifacts(layout)).filter(({ subject }) => digests.has(subject)),
    base: null,
    notices: [],
  };
  if (inner[0] !== root)
    return { ...common, root, platforms: images.flatMap(({ platform }) => (platform === undefined ? [] : [platform])) };
  const { os, architecture, variant } = (await openImage(layout, root, null)).config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return { ...common, root: { ...root, platform }, platforms: [platform] };
}

async function manifestParts(layout: Layout, descriptor: Descriptor): Promise<Pick<Part, "blobs" | "documents">> {
  const bytes = await readDocument(layout, descriptor);
  const { config, layers } = decodeImageManifest(bytes, layout.path);
  return {
    blobs: [...layers, config].map((one) => ({ descriptor: one, source: layout })),
    documents: [{ mediaType: descriptor.mediaType, bytes }],
  };
}

/** An archive is extracted as it was packed, and its files become layers; nothing of it is started. */
async function partOfArchive(path: string, options: DeliverRegistryOptions, { scratch, targets }: Tools): Promise<Part> {
  const folder = join(scratch, "environment");
  mkdirSync(folder, { recursive: true });
  const { signal, onProgress, image = {} } = options;
  const threads = chooseThreads(options.threads);
  const { manifest, extracted } = await withInput({ kind: "file", path }, { signal }, async (opened) => {
    const found = decodeManifest(opened.start.manifest);
    refuseLayer(found, path);
    return { manifest: found, extracted: await extractOpened(opened, folder, { threads, limits: found.totals, signal, onProgress }) };
  }).catch((error: unknown) => {
    throw hintSource(error, path);
  });
  const { index, fixups } = extracted;
  if (fixups === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no fix-up records", { path });
  const { name } = manifest;
  const entries = copyHardLinks(plannedEntries(index.entries, folder)).filter(({ path: own }) => own !== META.fixups);
  const times = timesOf({});
  const writer = new LayoutWriter(await openSpool(join(scratch, "layout")));
  const made = await withPool(threads, signal, (pool) =>
    makeImage({
      ...{ image, pool, writer, scratch, root: null, shape: times, roots: [], previous: null, reuse: false, began: 0, withBase: false },
      subject: { manifest, entries, prefix: choosePrefix(image, name) },
      tail: () => [{ type: "file", path: META.fixups, executable: false, size: fixups.length, source: { kind: "bytes", bytes: fixups } }],
      created: times.times === "content" ? null : times.mtime,
      isThere: (digest) => targets.have(digest),
      registry: { plainHttp: image.plainHttp, authHosts: image.authHosts, signal },
    }),
  );
  await writer.finish([]);
  const layout = await openLayout(join(scratch, "layout"));
  if (layout === null) throw new Error("the image that was written is no layout");
  return partOfMade(made, layout);
}

/** A folder or another file: what is pushed has to be packed first. */
function hintSource(error: unknown, path: string): unknown {
  if (!(error instanceof EnvpackError) || error.code !== "NOT_AN_ARCHIVE" || error.hint !== undefined) return error;
  return new EnvpackError("NOT_AN_ARCHIVE", "neither an archive nor an image layout", {
    path,
    hint: "name one that `envpack pack` made; of a project `envpack pack PATH --image HOST/REPOSITORY:TAG` pushes an image at once",
    cause: error,
  });
}

function partOfMade(made: MadeImage, layout: Layout): Part {
  return {
    blobs: blobsOf(made, layout),
    documents: [{ mediaType: MEDIA.manifest, bytes: made.manifestBytes }],
    root: { ...made.manifest, platform: made.platform },
    images: [made.manifest],
    platforms: [made.platform],
    artifacts: [],
    base: made.base,
    notices: made.notices,
    close: () => closeAll([() => layout.close(), () => made.base?.close()]),
  };
}

function plannedEntries(entries: readonly Entry[], folder: string): PlannedEntry[] {
  return entries.map((entry) => {
    if (entry.type !== "file") return entry;
    const file = join(folder, entry.path);
    const { dev, ino, size, mtimeMs, ctimeMs } = lstatSync(file);
    return {
      type: "file",
      path: entry.path,
      executable: entry.executable,
      size: entry.size,
      source: { kind: "disk", file, identity: { dev, ino, size, mtimeMs, ctimeMs } },
    };
  });
}
