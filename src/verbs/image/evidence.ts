import { fingerprint } from "../../archive/signing/openssh.js";
import type { SignatureRule } from "../../archive/signing/rule.js";
import { isSignedBy, readImageSignature, SIGNATURE_TYPE, type ImageSignature } from "../../image/signature.js";
import type { SignatureFact } from "../../inspect/signature-files.js";
import { readArtifact } from "../../image/oci/artifact.js";
import { readDocument } from "../../image/oci/blobs.js";
import { DSSE_ENVELOPE, SIMPLE_SIGNING, type Descriptor } from "../../image/oci/documents.js";
import { decodeEvidence, factOf, type Evidence, type EvidenceFact } from "../../evidence/provenance/evidence.js";
import { refuseEvidence } from "../../evidence/provenance/statement.js";
import { EnvpackError } from "../../support/errors.js";
import type { ImageEnvironment, ImagePlace } from "./open-image.js";
import type { AttachedDocument } from "./pack-image.js";
import { append } from "../../support/append.js";

type Keys = SignatureRule["keys"];

/** Signatures and statements that are looked at of one image, and bytes of what is signed. */
const MOST = 64;
const MAX_PAYLOAD = 64 << 10;

/** What vouches for an image of a place: what refers to it, and to the index that it was found in. */
export interface Vouching {
  readonly attached: readonly AttachedDocument[];
  readonly signatures: readonly ImageSignature[];
  /** Statements of provenance about this very image. */
  readonly provenance: readonly Evidence[];
}

/**
 * Reads what is attached to an image.
 *
 * @param keys by which statements are checked
 * @throws EnvpackError IMAGE_INVALID, REGISTRY_REFUSED …
 */
export async function readVouching({ place, image }: Pick<ImageEnvironment, "place" | "image">, keys: Keys): Promise<Vouching> {
  const attached: AttachedDocument[] = [];
  const signatures: ImageSignature[] = [];
  const provenance: Evidence[] = [];
  for (const subject of new Set([place.root.digest, image.descriptor.digest])) {
    const listed = await place.referrers(subject);
    for (const descriptor of listed) attached.push({ digest: descriptor.digest, type: descriptor.artifactType ?? "", subject });
    const layers = [...(await layersOf(place, listed, SIGNATURE_TYPE, subject)), ...(await place.signatures(subject))];
    for (const layer of layers.slice(0, MOST)) {
      const found = await readSignature(place, layer, subject);
      if (found !== null) signatures.push(found);
    }
    if (subject !== image.descriptor.digest) continue;
    for (const layer of await layersOf(place, listed, DSSE_ENVELOPE, subject)) {
      const found = await readProvenance(place, layer, image.descriptor.digest, keys);
      if (found !== null) provenance.push(found);
    }
  }
  return { attached, signatures, provenance };
}

/** The layers of the artifacts of a type. One that refers to something else than its list says is none of this image's. */
async function layersOf(
  { source }: ImagePlace,
  listed: readonly Descriptor[],
  type: string,
  subject: string,
): Promise<readonly Descriptor[]> {
  const layers: Descriptor[] = [];
  for (const descriptor of listed.filter(({ artifactType }) => artifactType === type).slice(0, MOST)) {
    const artifact = await readArtifact(source, descriptor).catch(skipInvalid);
    if (artifact?.subject === subject)
      append(
        layers,
        artifact.blobs.slice(1).map((blob) => blob.descriptor),
      );
  }
  return layers;
}

/** What is damaged or missing vouches for nothing; the image itself may be whole. */
function skipInvalid(error: unknown): null {
  if (error instanceof EnvpackError && error.code === "IMAGE_INVALID") return null;
  throw error;
}

async function readSignature({ source }: ImagePlace, layer: Descriptor, subject: string): Promise<ImageSignature | null> {
  if (layer.mediaType !== SIMPLE_SIGNING || layer.size > MAX_PAYLOAD) return null;
  const payload = await readDocument(source, layer).catch(skipInvalid);
  return payload === null ? null : readImageSignature(payload, layer.annotations, subject);
}

async function readProvenance(place: ImagePlace, layer: Descriptor, digest: string, keys: Keys): Promise<Evidence | null> {
  if (layer.mediaType !== DSSE_ENVELOPE) return null;
  const text = (await readDocument(place.source, layer).catch(skipInvalid))?.toString("utf8");
  if (text === undefined) return null;
  try {
    const found = decodeEvidence(text, "provenance", { path: `${place.path} (${layer.digest})`, keys });
    return found.statement.subject[0]?.digest.sha256 === digest.replace("sha256:", "") ? found : null;
  } catch (error) {
    // Statements of other kinds, and those of others, are attached in the same way.
    if (error instanceof EnvpackError && error.code === "EVIDENCE_INVALID") return null;
    throw error;
  }
}

/** Whether and by whom an image is signed: by a named key, else by the one that the signature names and fits; null: it is not. */
export function describeImageSignature({ signatures }: Vouching, keys: Keys): SignatureFact | null {
  for (const key of keys) {
    if (signatures.some((one) => isSignedBy(one, key.publicKey)))
      return { fingerprint: fingerprint(key.publicKey), comment: key.comment, place: "attached", fits: true, trusted: true };
  }
  for (const one of signatures) {
    if (one.claimed !== null)
      return {
        fingerprint: fingerprint(one.claimed),
        comment: null,
        place: "attached",
        fits: isSignedBy(one, one.claimed),
        trusted: false,
      };
  }
  return null;
}

export function describeImageEvidence({ provenance }: Vouching): EvidenceFact[] {
  return provenance.map((found) => factOf(found, true));
}

/**
 * Makes sure that one of the keys signed the image, or the index that it stands in.
 *
 * @throws EnvpackError SIGNATURE_INVALID
 */
export function requireImageSignature(vouching: Vouching, keys: Keys, path: string): void {
  if (describeImageSignature(vouching, keys)?.trusted === true) return;
  const message =
    vouching.signatures.length === 0 ? "the image is not signed" : "the image is signed by another key than the ones that were named";
  throw new EnvpackError("SIGNATURE_INVALID", message, {
    path,
    hint: "do not use it, unless you know where it comes from; `envpack pack --image … --sign KEY` signs an image",
  });
}

/**
 * Makes sure that a key vouches for what the image was made from.
 *
 * @throws EnvpackError EVIDENCE_MISSING, EVIDENCE_INVALID
 */
export function requireImageProvenance({ provenance }: Vouching, path: string): void {
  if (provenance.length === 0)
    throw new EnvpackError("EVIDENCE_MISSING", "the image has no provenance attached to it", {
      path,
      hint: "make it with the image: `envpack pack --image … --provenance --sign KEY`",
    });
  if (provenance.some(({ signedBy }) => signedBy !== null)) return;
  throw refuseEvidence("its provenance is not signed by a key that was named");
}
