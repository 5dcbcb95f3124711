import { hash } from "node:crypto";
import * as v from "valibot";
import { EnvpackError } from "../../support/errors.js";

/** Media types of the OCI image specification 1.1, and those of docker that say the same. */
export const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  empty: "application/vnd.oci.empty.v1+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
} as const;

/** The media type of what cosign signs of an image: the layer of a signature. */
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The media type of a signed statement, as provenance is: secure-systems-lab/dsse. */
export const DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json";

/** What a registry is asked for where a manifest or an index may come. */
export const ACCEPTED: readonly string[] = [MEDIA.index, MEDIA.manifest, MEDIA.dockerIndex, MEDIA.dockerManifest];

/** Bytes of a manifest, an index or a configuration: registries take no more either. */
export const MAX_DOCUMENT = 4 << 20;
/** Layers of an image; docker itself takes 127. */
const MAX_LAYERS = 512;

/** A blob, as manifests name it. */
export interface Descriptor {
  readonly mediaType: string;
  /** "sha256:…" */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: OciPlatform;
  readonly artifactType?: string;
}

export interface OciPlatform {
  /** As Go names them: "linux"; "amd64", "arm64". */
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a container starts with. What is not named here is passed on as it is. */
export interface RunConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  readonly StopSignal?: string;
  readonly Healthcheck?: unknown;
}

export interface ImageConfig extends OciPlatform {
  readonly created?: string;
  readonly config?: RunConfig | null;
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly string[] };
  readonly history?:
    | readonly { readonly created?: string; readonly created_by?: string; readonly comment?: string; readonly empty_layer?: boolean }[]
    | null;
}

/** "sha256:…", and bytes of a blob. */
export const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
export const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const texts = v.record(v.string(), v.string());
const maybe = <S extends v.GenericSchema>(schema: S): v.OptionalSchema<v.NullableSchema<S, undefined>, undefined> =>
  v.optional(v.nullable(schema));
const platform = { os: v.string(), architecture: v.string(), variant: v.optional(v.string()) };
const descriptor = v.object({
  mediaType: v.string(),
  digest,
  size,
  annotations: v.optional(texts),
  platform: v.optional(v.object(platform)),
  artifactType: v.optional(v.string()),
});
const head = {
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  annotations: v.optional(texts),
  artifactType: v.optional(v.string()),
};
const manifest = v.object({
  ...head,
  config: descriptor,
  layers: v.pipe(v.array(descriptor), v.maxLength(MAX_LAYERS)),
  subject: v.optional(descriptor),
});
const index = v.object({ ...head, manifests: v.pipe(v.array(descriptor), v.maxLength(MAX_LAYERS)) });
const words = maybe(v.array(v.string()));
const runConfig = v.looseObject({
  User: v.optional(v.string()),
  Env: words,
  Entrypoint: words,
  Cmd: words,
  WorkingDir: v.optional(v.string()),
  Labels: maybe(texts),
});
const config = v.looseObject({
  ...platform,
  created: v.optional(v.string()),
  config: maybe(runConfig),
  rootfs: v.object({ type: v.literal("layers"), diff_ids: v.pipe(v.array(digest), v.maxLength(MAX_LAYERS)) }),
  history: maybe(v.array(v.looseObject({ empty_layer: v.optional(v.boolean()) }))),
});

/** @throws EnvpackError IMAGE_INVALID */
export function decodeManifest(bytes: Uint8Array, from: string): ImageManifest {
  return decode(manifest, bytes, "its manifest", from) as ImageManifest;
}

/** @throws EnvpackError IMAGE_INVALID */
export function decodeIndex(bytes: Uint8Array, from: string): ImageIndex {
  return decode(index, bytes, "its index", from) as ImageIndex;
}

/** @throws EnvpackError IMAGE_INVALID */
export function decodeConfig(bytes: Uint8Array, from: string): ImageConfig {
  return decode(config, bytes, "its configuration", from) as ImageConfig;
}

function decode(schema: v.GenericSchema, bytes: Uint8Array, what: string, from: string): unknown {
  if (bytes.length > MAX_DOCUMENT) throw invalidImage(`${what} is too long`, from);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalidImage(`${what} is no JSON`, from, error);
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalidImage(`${what} is not what it should be (${v.getDotPath(parsed.issues[0]) ?? "at all"})`, from);
  return parsed.output;
}

/** Whether a document's media type, or what it holds, makes it an index of images. */
export function isIndex(bytes: Uint8Array, mediaType: string | null): boolean {
  if (mediaType === MEDIA.index || mediaType === MEDIA.dockerIndex) return true;
  if (mediaType === MEDIA.manifest || mediaType === MEDIA.dockerManifest) return false;
  return Buffer.from(bytes).includes('"manifests"');
}

/** JSON as it is always written, so that the same document has the same digest. */
export function encodeDocument(value: ImageManifest | ImageIndex | ImageConfig | object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes)}`;
}

export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** @param from the image, as the user named it */
export function invalidImage(why: string, from: string, cause?: unknown): EnvpackError {
  return new EnvpackError("IMAGE_INVALID", `not an image that can be used: ${why}`, {
    path: from,
    hint: "look whether it is what its name says, and fetch or make it again",
    cause,
  });
}

/** How a layer is compressed, by its media type; null of what is none. */
export function compressionOf(mediaType: string): "none" | "gzip" | "zstd" | null {
  if (mediaType === MEDIA.layer || mediaType === "application/vnd.docker.image.rootfs.diff.tar") return "none";
  if (mediaType === `${MEDIA.layer}+gzip` || mediaType === "application/vnd.docker.image.rootfs.diff.tar.gzip") return "gzip";
  return mediaType === `${MEDIA.layer}+zstd` || mediaType === "application/vnd.docker.image.rootfs.diff.tar.zstd" ? "zstd" : null;
}

/** How bytes are compressed, by what they begin with; null where they are not, in a way that layers may be. */
export function readCompression(start: Uint8Array): "gzip" | "zstd" | null {
  const magic = Buffer.from(start.subarray(0, 4)).toString("hex");
  if (magic.startsWith("1f8b")) return "gzip";
  return magic === "28b52ffd" ? "zstd" : null;
}
