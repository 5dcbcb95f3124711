import {
  ACCEPTED,
  decodeIndex,
  decodeManifest,
  encodeDocument,
  invalidImage,
  MAX_DOCUMENT,
  MEDIA,
  SIMPLE_SIGNING,
  type Descriptor,
} from "../oci/documents.js";
import type { Artifact } from "../oci/artifact.js";
import { explainAnswer, explainNetwork } from "./answers.js";
import type { RegistryClient } from "./client.js";
import { drain, readBody } from "./exchange.js";
import { putDocument } from "./push.js";
import { fetchManifest } from "./source.js";
import { uploadBlob } from "./upload.js";
import { append } from "../../support/append.js";

/** Pages of a list of referrers that are read. */
const MOST_PAGES = 16;
/** What registries without a list of referrers answer. */
const NO_REFERRERS = new Set([400, 404, 405, 501]);

/**
 * Attaches an artifact to an image that is there (distribution-spec 1.1, "Pushing manifests with subject"). Where the
 * registry does not say that it keeps referrers, the fallback tag lists it. A signature is also found by the tag that
 * cosign and podman look for.
 */
export async function attach(client: RegistryClient, { descriptor, manifestBytes, subject, blobs }: Artifact): Promise<void> {
  for (const blob of blobs) await uploadBlob(client, blob.descriptor, blob.source, { mountFrom: [] });
  const isKept = await putDocument(client, { mediaType: descriptor.mediaType, bytes: manifestBytes }, descriptor.digest);
  if (!isKept) await listInTag(client, subject, descriptor);
  if (blobs.some((blob) => blob.descriptor.mediaType === SIMPLE_SIGNING)) await addSignature(client, subject, manifestBytes);
}

/**
 * What refers to an image, as the registry lists it, else as the fallback tag does.
 *
 * @throws EnvpackError REGISTRY_REFUSED, REGISTRY_FAILED, IMAGE_INVALID …
 */
export async function fetchReferrers(client: RegistryClient, subject: string): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  let at: string | URL | null = `referrers/${subject}`;
  for (let page = 0; at !== null && page < MOST_PAGES; page++) {
    const answer = await client.call({ method: "GET", at, headers: { Accept: MEDIA.index } });
    if (page === 0 && NO_REFERRERS.has(answer.status)) {
      await drain(answer);
      return listedInTag(client, subject);
    }
    if (answer.status !== 200) throw await explainAnswer(answer, "cannot read from the registry", client.name, await client.secrets());
    const bytes = await readBody(answer.body, MAX_DOCUMENT).catch((error: unknown) => {
      throw explainNetwork(error, client.name);
    });
    if (bytes === null) throw invalidImage("its list of referrers has no end", client.name);
    append(found, decodeIndex(bytes, client.name).manifests);
    const next = /<([^<>]+)>\s*;\s*rel="?next/.exec(answer.headers.get("link") ?? "")?.[1];
    at = next === undefined ? null : client.resolve(next, at);
  }
  return found;
}

async function listedInTag(client: RegistryClient, subject: string): Promise<readonly Descriptor[]> {
  const found = await fetchManifest(client, tagOf(subject));
  return found === null || !ACCEPTED.includes(found.descriptor.mediaType) ? [] : decodeIndex(found.bytes, client.name).manifests;
}

/** The tag `sha256-…` names an index of all that refers to the image. */
async function listInTag(client: RegistryClient, subject: string, own: Descriptor): Promise<void> {
  const before = await listedInTag(client, subject);
  if (before.some(({ digest }) => digest === own.digest)) return;
  const index = encodeDocument({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [...before, own] });
  await putDocument(client, { mediaType: MEDIA.index, bytes: index }, tagOf(subject));
}

function tagOf(digest: string): string {
  return digest.replace(":", "-");
}

/** The layers that cosign and podman's policies look for an image's signatures in: those of one manifest, under a tag. */
export async function fetchSignatures(client: RegistryClient, subject: string): Promise<readonly Descriptor[]> {
  const found = await fetchManifest(client, `${tagOf(subject)}.sig`);
  return found === null ? [] : decodeManifest(found.bytes, client.name).layers;
}

/** Signatures of others stay beside it. */
async function addSignature(client: RegistryClient, subject: string, own: Buffer): Promise<void> {
  const before = await fetchSignatures(client, subject);
  const manifest = decodeManifest(own, client.name);
  const isThere = (one: Descriptor): boolean => before.some((other) => JSON.stringify(other) === JSON.stringify(one));
  if (manifest.layers.every(isThere)) return;
  const bytes =
    before.length === 0 ? own : encodeDocument({ ...manifest, layers: [...before, ...manifest.layers.filter((one) => !isThere(one))] });
  await putDocument(client, { mediaType: MEDIA.manifest, bytes }, `${tagOf(subject)}.sig`);
}
