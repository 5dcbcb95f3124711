import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { EnvpackError } from "../../support/errors.js";
import { sshSigned } from "./sshsig.js";

/** An Ed25519 signature (RFC 8032) with the key that it was made by. */
export interface Signature {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** 64 bytes. */
  readonly value: Buffer;
}

export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** An Ed25519 key's SubjectPublicKeyInfo, up to the key itself (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** A public key as its 32 bytes. */
export function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(SPKI.length);
}

/** Signs with a private Ed25519 key; the same key and bytes give the same signature. */
export function signBytes(bytes: Uint8Array, key: KeyObject): Signature {
  return { publicKey: Buffer.from(rawPublicKey(createPublicKey(key))), value: sign(null, bytes, key) };
}

/** Whether a signature was made over these bytes by the key that it names: over themselves, or as `ssh-keygen -Y sign` does it. */
export function fits({ publicKey, value }: Signature, bytes: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
  return verify(null, bytes, key, value) || verify(null, sshSigned(bytes), key, value);
}

const BEGIN = "-----BEGIN ENVPACK SIGNATURE-----";
const END = "-----END ENVPACK SIGNATURE-----";

/** A `.sig` file: 64 columns of base64 of the key and the signature, between two lines as PEM has them. */
export function encodeDetached({ publicKey, value }: Signature): string {
  const lines =
    Buffer.concat([publicKey, value])
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [BEGIN, ...lines, END, ""].join("\n");
}

/**
 * Decodes a `.sig` file and refuses every form but the one that is written.
 *
 * @throws EnvpackError SIGNATURE_INVALID
 */
export function decodeDetached(text: string): Signature {
  const plain = text.replaceAll("\r\n", "\n");
  const bytes = Buffer.from(plain.split("\n").slice(1, -2).join(""), "base64");
  const signature = { publicKey: bytes.subarray(0, KEY_BYTES), value: bytes.subarray(KEY_BYTES) };
  if (bytes.length === KEY_BYTES + SIGNATURE_BYTES && encodeDetached(signature) === plain) return signature;
  throw new EnvpackError("SIGNATURE_INVALID", "not a signature that envpack made");
}
