import type { BlobSource } from "../oci/blobs.js";
import { digestOf, type Descriptor } from "../oci/documents.js";
import { EnvpackError } from "../../support/errors.js";
import { forEachBounded } from "../../support/for-each-bounded.js";
import { explainAnswer } from "./answers.js";
import type { RegistryClient } from "./client.js";
import { drain } from "./exchange.js";
import { knownPlaces, notePlace } from "./known-places.js";
import { uploadBlob, type Sent } from "./upload.js";

/** A manifest or an index. */
export interface Document {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface PushRequest {
  /** Layers and configurations, with where each is read from. */
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly source: BlobSource }[];
  /** What refers to others comes after them; the last is what the tag will name. */
  readonly documents: readonly Document[];
  /** Null: by its digest alone. */
  readonly tag: string | null;
  /** Repositories of the same registry that may have blobs of it. */
  readonly mountFrom: readonly string[];
  /** Done when all is there but the tag: what is attached is there with it. */
  readonly beforeTag?: () => Promise<void>;
  readonly onBytes?: (bytes: number) => void;
}

export interface Pushed {
  /** Of the document that the tag names. */
  readonly digest: string;
  /** Bytes of blobs that were sent, that came from other repositories, and that were there. */
  readonly sentBytes: number;
  readonly mountedBytes: number;
  readonly thereBytes: number;
}

/** Blobs that are sent at the same time; each holds a piece in memory. */
const AT_ONCE = 3;

/**
 * Pushes an image whole: its blobs, then what refers to them, and the tag last, so that it names the old image or the
 * new one at any time.
 *
 * @throws EnvpackError REGISTRY_REFUSED, REGISTRY_FAILED, ENGINE_UNREACHABLE, IMAGE_INVALID, INTERRUPTED
 */
export async function pushImage(client: RegistryClient, request: PushRequest): Promise<Pushed> {
  const sums = new Map<Sent, number>();
  const { registry, repository } = client.reference;
  const seen = new Map(request.blobs.map((blob) => [blob.descriptor.digest, blob]));
  await forEachBounded([...seen.values()], AT_ONCE, async ({ descriptor, source }) => {
    const mountFrom = [...new Set([...request.mountFrom, ...knownPlaces(registry, descriptor.digest)])].filter((one) => one !== repository);
    const sent = await uploadBlob(client, descriptor, source, { mountFrom, onBytes: request.onBytes });
    if (sent !== "sent") request.onBytes?.(descriptor.size);
    sums.set(sent, (sums.get(sent) ?? 0) + descriptor.size);
    notePlace(registry, descriptor.digest, repository);
  });
  for (const document of request.documents) await putDocument(client, document, digestOf(document.bytes));
  const last = request.documents.at(-1);
  if (last === undefined) throw new Error("an image has a manifest");
  await request.beforeTag?.();
  if (request.tag !== null) await putDocument(client, last, request.tag);
  return {
    digest: digestOf(last.bytes),
    sentBytes: sums.get("sent") ?? 0,
    mountedBytes: sums.get("mounted") ?? 0,
    thereBytes: sums.get("there") ?? 0,
  };
}

/**
 * @param name a tag or a digest
 * @returns whether the registry says that it keeps the document as a referrer of its subject
 */
export async function putDocument(client: RegistryClient, { mediaType, bytes }: Document, name: string): Promise<boolean> {
  const answer = await client.call({ method: "PUT", at: `manifests/${name}`, headers: { "Content-Type": mediaType }, body: bytes });
  if (answer.status !== 201 && answer.status !== 200 && answer.status !== 202)
    throw await explainAnswer(answer, "cannot push to the registry", client.name, await client.secrets());
  await drain(answer);
  const said = answer.headers.get("docker-content-digest");
  if (said?.startsWith("sha256:") === true && said !== digestOf(bytes))
    throw new EnvpackError("REGISTRY_FAILED", "the registry stored another manifest than it was sent", {
      path: client.name,
      hint: "push again",
    });
  return answer.headers.has("oci-subject");
}
