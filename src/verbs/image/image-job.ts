import { resolve } from "node:path";
import { makeScratch, type Scratch } from "../../cache/scratch.js";
import { makeArtifact, type Artifact, type Attachment } from "../../image/oci/artifact.js";
import type { BlobSource } from "../../image/oci/blobs.js";
import { descriptorOf, encodeDocument, MEDIA, type Descriptor } from "../../image/oci/documents.js";
import { openFolderLayout, openSpool } from "../../image/oci/layout-folder.js";
import { openLayout, type Layout } from "../../image/oci/layout-reader.js";
import { openTarLayout } from "../../image/oci/layout-tar.js";
import { LayoutWriter, type NamedImage } from "../../image/oci/layout-writer.js";
import { platformText } from "../../image/oci/platform.js";
import { parseReference, repositoryName, tagName } from "../../image/oci/reference.js";
import type { Manifest } from "../../manifest/manifest.js";
import type { RegistryOptions } from "../../image/registry/client.js";
import { closeAll, thenClose } from "../../support/close-all.js";
import { EnvpackError } from "../../support/errors.js";
import type { ProgressListener } from "../../support/progress.js";
import { makeImage, type ImageRequest, type MadeImage } from "./make-image.js";
import type { ImageOptions } from "./options.js";
import { PushTargets, type PushedImage } from "./push.js";

export interface ImageJobRequest {
  readonly image: ImageOptions;
  /** Absolute; null where it is pushed only. */
  readonly output: string | null;
  readonly force: boolean;
  /** As `reuse` of PackOptions. */
  readonly reuseFrom: string | false | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** One image of the job; what all of them share the job knows. */
export type AddedImage = Omit<
  ImageRequest,
  "image" | "writer" | "previous" | "isThere" | "scratch" | "withBase" | "onBytes" | "reuse" | "registry"
>;

/** Makes what is attached to an image, once the image is known. */
export type Attaching = (to: {
  readonly descriptor: Descriptor;
  readonly name: string;
  readonly indexSha256: string;
}) => Promise<Attachment[]>;

/** What became of all images of a job. */
export interface FinishedImages {
  /** Of the image, or of the index of several. */
  readonly root: Descriptor;
  /** Null of a single image. */
  readonly index: Descriptor | null;
  readonly artifacts: readonly Artifact[];
  readonly pushed: readonly PushedImage[];
}

interface Named {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** Makes the images of one environment, each for a platform of its own: into one layout, to registries, or both. */
export class ImageJob {
  readonly #request: ImageJobRequest;
  readonly #registry: RegistryOptions;
  readonly #targets: PushTargets;
  readonly #scratch: Scratch;
  readonly #previous: Layout | null;
  readonly #writer: LayoutWriter;
  readonly #made: MadeImage[] = [];
  readonly #artifacts: Artifact[] = [];
  #name: Named | null = null;

  private constructor(
    request: ImageJobRequest,
    parts: {
      readonly registry: RegistryOptions;
      readonly targets: PushTargets;
      readonly scratch: Scratch;
      readonly previous: Layout | null;
      readonly writer: LayoutWriter;
    },
  ) {
    this.#request = request;
    this.#registry = parts.registry;
    this.#targets = parts.targets;
    this.#scratch = parts.scratch;
    this.#previous = parts.previous;
    this.#writer = parts.writer;
  }

  /** @throws EnvpackError USAGE, OUTPUT_EXISTS, IMAGE_INVALID */
  static async open(request: ImageJobRequest): Promise<ImageJob> {
    const { image, output, signal } = request;
    const registry = { plainHttp: image.plainHttp, authHosts: image.authHosts, signal };
    const targets = new PushTargets(image.to ?? [], registry);
    if (output === null && targets.clients.length === 0)
      throw new EnvpackError("USAGE", "an image needs a file or a registry to go to", {
        hint: "name a file with -o shop.oci.tar, or a registry with --image HOST/REPOSITORY:TAG",
      });
    const scratch = await makeScratch();
    let previous: Layout | null = null;
    try {
      previous = await openPrevious(request);
      const writer = new LayoutWriter(await openTarget(request, scratch.path));
      return new ImageJob(request, { registry, targets, scratch, previous, writer });
    } catch (error) {
      await closeAll([() => previous?.close(), () => targets.close(), () => scratch.remove()]).catch(() => undefined);
      throw error;
    }
  }

  /** Makes an image and writes it, with what is attached to it. */
  async add(added: AddedImage, attaching: Attaching): Promise<MadeImage> {
    const { image, output, onProgress } = this.#request;
    const total = added.subject.entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
    let done = 0;
    const made = await makeImage({
      ...added,
      image,
      writer: this.#writer,
      previous: this.#previous,
      isThere: output === null ? (digest) => this.#targets.have(digest) : async () => false,
      scratch: this.#scratch.path,
      withBase: output !== null,
      reuse: this.#request.reuseFrom !== false,
      registry: this.#registry,
      onBytes: (bytes) => {
        done += bytes;
        onProgress?.({ stage: "packing", done: Math.min(done, total), total });
      },
    });
    this.#made.push(made);
    this.#name ??= nameOf(added.subject.manifest, image);
    const { registry, repository } = this.#name;
    await this.#attach(made.manifest, attaching, { name: `${registry}/${repository}`, indexSha256: made.indexSha256 });
    return made;
  }

  /**
   * Makes the layout visible and pushes it: the tags move last.
   *
   * @param attaching what is attached to the whole, and of an index to each of its images
   */
  async finish(attaching: Attaching): Promise<FinishedImages> {
    const [first] = this.#made;
    const name = this.#name;
    if (first === undefined || name === null) throw new Error("no image was added");
    const index = this.#made.length === 1 ? null : await this.#addIndex();
    const root = index?.descriptor ?? { ...first.manifest, platform: first.platform };
    // Readers that take one image of an index look for what vouches for that one.
    for (const one of index === null ? [root] : [root, ...this.#made.map(({ manifest }) => manifest)])
      await this.#attach(one, attaching, { name: `${name.registry}/${name.repository}`, indexSha256: first.indexSha256 });
    const named: NamedImage = {
      descriptor: root,
      name: `${name.registry}/${name.repository}:${name.tag}`,
      tag: name.tag,
      docker: this.#made.map(({ config, allLayers, platform }) => ({
        config: config.digest,
        layers: allLayers.map(({ digest }) => digest),
        ending: platform === first.platform ? "" : `-${platform.architecture}`,
      })),
    };
    await this.#writer.finish(
      [named],
      this.#artifacts.map(({ descriptor }) => descriptor),
    );
    const pushed = await this.#push(index?.bytes ?? null);
    return { root, index: index?.descriptor ?? null, artifacts: this.#artifacts, pushed };
  }

  /** Leaves nothing behind that is not finished. */
  async close(): Promise<void> {
    await closeAll([
      () => this.#writer.abort(),
      ...this.#made.map(
        ({ base }) =>
          () =>
            base?.close(),
      ),
      () => this.#previous?.close(),
      () => this.#targets.close(),
      () => this.#scratch.remove(),
    ]);
  }

  async #attach(descriptor: Descriptor, attaching: Attaching, about: Omit<Parameters<Attaching>[0], "descriptor">): Promise<void> {
    for (const attachment of await attaching({ descriptor, ...about })) {
      const artifact = makeArtifact(descriptor, attachment);
      await this.#writer.addArtifact(artifact);
      this.#artifacts.push(artifact);
    }
  }

  async #addIndex(): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer }> {
    const { descriptor, bytes } = makeIndex(this.#made.map(({ manifest, platform }) => ({ ...manifest, platform })));
    await this.#writer.addDocument(MEDIA.index, bytes);
    return { descriptor, bytes };
  }

  async #push(index: Buffer | null): Promise<readonly PushedImage[]> {
    if (this.#targets.clients.length === 0) return [];
    const layout = await openLayout(this.#request.output ?? spoolOf(this.#scratch.path));
    if (layout === null) throw new Error("the image that was written is no layout");
    return thenClose(
      () =>
        this.#targets.push({
          blobs: this.#made.flatMap((made) => blobsOf(made, layout)),
          documents: [
            ...this.#made.map(({ manifestBytes }) => ({ mediaType: MEDIA.manifest, bytes: manifestBytes })),
            ...(index === null ? [] : [{ mediaType: MEDIA.index, bytes: index }]),
          ],
          base: this.#made.find(({ base }) => base !== null)?.base?.repository ?? null,
          artifacts: this.#artifacts,
          onProgress: this.#request.onProgress,
        }),
      () => layout.close(),
    );
  }
}

/** Where each blob of an image is read from: its own layers from the layout, those of the base from there. */
export function blobsOf(made: MadeImage, layout: BlobSource): { readonly descriptor: Descriptor; readonly source: BlobSource }[] {
  const own = new Set(made.layers.map(({ descriptor }) => descriptor.digest));
  return [
    ...made.allLayers.map((descriptor) => ({
      descriptor,
      source: own.has(descriptor.digest) || made.base === null ? layout : made.base.image.source,
    })),
    { descriptor: made.config, source: layout },
  ];
}

/**
 * One index of images, each for a platform of its own.
 *
 * @throws EnvpackError USAGE
 */
export function makeIndex(images: readonly Descriptor[]): { readonly descriptor: Descriptor; readonly bytes: Buffer } {
  const seen = new Set<string>();
  for (const { platform } of images) {
    const key = platform === undefined ? null : platformText(platform);
    if (key === null || seen.has(key))
      throw new EnvpackError(
        "USAGE",
        `several images become one only where each is for a platform of its own${key === null ? "" : `, and two are for ${key}`}`,
        {
          hint: "push them under names of their own, or name one for each platform",
        },
      );
    seen.add(key);
  }
  const manifests = images.map(({ mediaType, digest, size, platform }) => ({ mediaType, digest, size, platform }));
  const bytes = encodeDocument({ schemaVersion: 2, mediaType: MEDIA.index, manifests });
  return { descriptor: descriptorOf(MEDIA.index, bytes), bytes };
}

/** The name that `docker load` and others give it: the one that it is pushed by, else the environment's own. */
function nameOf({ name, version }: Manifest, { to = [] }: ImageOptions): Named {
  const [first] = to;
  const { registry, repository, tag } =
    first === undefined
      ? { registry: "docker.io", repository: `library/${repositoryName(name)}`, tag: tagName(version) }
      : parseReference((first.split(",")[0] ?? "").trim());
  return { registry, repository, tag: tag ?? "latest" };
}

function spoolOf(scratch: string): string {
  return `${scratch}/layout`;
}

function openTarget({ output, force }: ImageJobRequest, scratch: string): ReturnType<typeof openSpool> {
  if (output === null) return openSpool(spoolOf(scratch));
  return output.toLowerCase().endsWith(".tar") ? openTarLayout(output, { force }) : openFolderLayout(output, { force });
}

/** The layout whose layers may be taken over: the one that is named, else the one that is replaced. */
async function openPrevious({ reuseFrom, output, force }: ImageJobRequest): Promise<Layout | null> {
  if (reuseFrom === false) return null;
  if (reuseFrom === undefined) return output !== null && force ? openLayout(output).catch(() => null) : null;
  const path = resolve(reuseFrom);
  const layout = await openLayout(path);
  if (layout === null)
    throw new EnvpackError("IMAGE_INVALID", "what is to be reused is no image layout", {
      path,
      hint: "name the x.oci.tar or x.oci that was packed before",
    });
  return layout;
}
