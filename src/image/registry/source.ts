import type { BlobSource } from "../oci/blobs.js";
import { ACCEPTED, digestOf, invalidImage, MAX_DOCUMENT, type Descriptor } from "../oci/documents.js";
import { explainAnswer, explainNetwork } from "./answers.js";
import type { RegistryClient } from "./client.js";
import { drain, readBody } from "./exchange.js";

/** A repository on a registry, as blobs are read from it. Manifests and indexes lie at another place than the rest. */
export function registrySource(client: RegistryClient): BlobSource {
  return {
    name: client.name,
    open: async (descriptor) => openBlob(client, descriptor),
  };
}

async function openBlob(
  client: RegistryClient,
  { digest, mediaType }: Pick<Descriptor, "digest"> & { readonly mediaType?: string },
): Promise<AsyncIterable<Uint8Array> | null> {
  if (mediaType !== undefined && ACCEPTED.includes(mediaType)) {
    const found = await fetchManifest(client, digest);
    return found === null ? null : toChunks(found.bytes);
  }
  const answer = await client.call({ method: "GET", at: `blobs/${digest}` });
  if (answer.status === 404) {
    await drain(answer);
    return null;
  }
  if (answer.status !== 200) throw await explainAnswer(answer, "cannot read from the registry", client.name, await client.secrets());
  return readChunks(answer.body as AsyncIterable<Uint8Array>, client.name);
}

async function* readChunks(body: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw explainNetwork(error, name);
  }
}

async function* toChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * A manifest or an index, by its tag or digest, checked against what it is said to be.
 *
 * @returns null where there is none
 * @throws EnvpackError IMAGE_INVALID, REGISTRY_REFUSED …
 */
export async function fetchManifest(
  client: RegistryClient,
  name: string,
): Promise<{ readonly bytes: Buffer; readonly descriptor: Descriptor } | null> {
  const answer = await client.call({ method: "GET", at: `manifests/${name}`, headers: { Accept: ACCEPTED.join(", ") } });
  if (answer.status === 404) {
    await drain(answer);
    return null;
  }
  if (answer.status !== 200) throw await explainAnswer(answer, "cannot read from the registry", client.name, await client.secrets());
  const bytes = await readBody(answer.body, MAX_DOCUMENT).catch((error: unknown) => {
    throw explainNetwork(error, client.name);
  });
  if (bytes === null) throw invalidImage("its manifest has no end", client.name);
  const digest = digestOf(bytes);
  const said = answer.headers.get("docker-content-digest");
  if ((name.startsWith("sha256:") && name !== digest) || (said?.startsWith("sha256:") === true && said !== digest))
    throw invalidImage("its manifest has another digest than it was asked for by", client.name);
  return { bytes, descriptor: { mediaType: mediaTypeOf(answer.headers.get("content-type"), bytes), digest, size: bytes.length } };
}

function mediaTypeOf(header: string | undefined, bytes: Buffer): string {
  try {
    const { mediaType } = JSON.parse(bytes.toString("utf8")) as { mediaType?: unknown };
    if (typeof mediaType === "string") return mediaType;
  } catch {
    // Told when it is decoded.
  }
  return (header ?? "").split(";", 1)[0]?.trim() ?? "";
}
