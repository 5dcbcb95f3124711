import { fits, KEY_BYTES, SIGNATURE_BYTES } from "../archive/signing/signature.js";
import type { Signer } from "../archive/signing/signer.js";
import type { Attachment } from "./oci/artifact.js";
import { SIMPLE_SIGNING } from "./oci/documents.js";

/*
 * Signatures of images as cosign writes them, which podman's policies read as well: what is signed is a short JSON that
 * names the image's digest. Sources: sigstore/cosign, specs/SIGNATURE_SPEC.md; containers/image, docs/signature-protocols.md.
 */

/** The kind of artifact that a signature is. */
export const SIGNATURE_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json";
const VALUE = "dev.cosignproject.cosign/signature";
/** The public key in base64: whoever is given another one sees whose signature it is. */
const KEY = "envpack.key";

/** Signs the digest of an image or of an index, under the name of its repository ("ghcr.io/acme/shop"). */
export async function signImage(digest: string, name: string, signer: Signer): Promise<Attachment> {
  const bytes = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": name },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );
  const { publicKey, value } = await signer.sign(bytes, "plain");
  return {
    type: SIGNATURE_TYPE,
    layerType: SIMPLE_SIGNING,
    bytes,
    title: "signature.json",
    annotations: { [VALUE]: Buffer.from(value).toString("base64"), [KEY]: Buffer.from(publicKey).toString("base64") },
  };
}

/** A signature as it was found; whether it is worth anything `isSignedBy` tells. */
export interface ImageSignature {
  /** What was signed. */
  readonly payload: Uint8Array;
  readonly value: Buffer;
  /** The key that it says it was made with: 32 bytes; null where it does not say, as cosign's own do not. */
  readonly claimed: Buffer | null;
}

/**
 * Reads a signature from a layer's content and annotations.
 *
 * @returns null where it is no Ed25519 signature of this digest
 */
export function readImageSignature(
  payload: Uint8Array,
  annotations: Readonly<Record<string, string>> | undefined,
  digest: string,
): ImageSignature | null {
  const pairs = new Map(Object.entries(annotations ?? {}));
  const value = Buffer.from(pairs.get(VALUE) ?? "", "base64");
  if (value.length !== SIGNATURE_BYTES || digestIn(payload) !== digest) return null;
  const claimed = Buffer.from(pairs.get(KEY) ?? "", "base64");
  return { payload, value, claimed: claimed.length === KEY_BYTES ? claimed : null };
}

/** @param publicKey 32 bytes */
export function isSignedBy({ payload, value }: ImageSignature, publicKey: Buffer): boolean {
  return fits({ publicKey, value }, payload);
}

function digestIn(payload: Uint8Array): unknown {
  try {
    const { critical } = JSON.parse(Buffer.from(payload).toString("utf8")) as {
      critical?: { image?: { "docker-manifest-digest"?: unknown } };
    };
    return critical?.image?.["docker-manifest-digest"];
  } catch {
    return null;
  }
}
