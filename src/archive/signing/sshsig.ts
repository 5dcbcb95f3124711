import { createHash } from "node:crypto";
import { encodeStrings, Strings } from "./strings.js";

/*
 * Signatures as `ssh-keygen -Y sign` makes them. Source: PROTOCOL.sshsig of OpenSSH. What is signed is not the message but
 * a text that holds its digest and a namespace, so that no signature made for something else is taken for one of these.
 */
const MAGIC = Buffer.from("SSHSIG", "latin1");
const VERSION = 1;
const TYPE = "ssh-ed25519";

/** What `ssh-keygen -Y verify -n` has to be told. */
export const NAMESPACE = "envpack";

/** ssh-keygen's default. */
const HASH = "sha512";

/** The bytes that an Ed25519 key signs for a message. */
export function sshSigned(message: Uint8Array, hash: "sha512" | "sha256" = HASH): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([MAGIC, encodeStrings(Buffer.from(NAMESPACE), Buffer.alloc(0), Buffer.from(hash), digest)]);
}

/** An Ed25519 signature over `sshSigned`, with what is needed to check it. */
export interface SshSignature {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** 64 bytes. */
  readonly value: Buffer;
  readonly hash: "sha512" | "sha256";
}

/** The signature's own bytes, which `armorSsh` wraps. */
export function encodeSshSignature({ publicKey, value, hash }: SshSignature): Buffer {
  const version = Buffer.alloc(4);
  version.writeUInt32BE(VERSION);
  const key = encodeStrings(Buffer.from(TYPE), publicKey);
  return Buffer.concat([
    MAGIC,
    version,
    encodeStrings(key, Buffer.from(NAMESPACE), Buffer.alloc(0), Buffer.from(hash), encodeStrings(Buffer.from(TYPE), value)),
  ]);
}

/** @returns null where it is of another kind of key, for another namespace, or in any other form than the one that is written */
export function decodeSshSignature(bytes: Buffer): SshSignature | null {
  if (bytes.indexOf(MAGIC) !== 0) return null;
  const strings = new Strings(bytes, MAGIC.length);
  strings.uint32();
  const key = new Strings(strings.next(), 0);
  key.next();
  const publicKey = key.next();
  strings.next();
  strings.next();
  const hash = strings.text();
  const signature = new Strings(strings.next(), 0);
  signature.next();
  const value = signature.next();
  if (hash !== "sha512" && hash !== "sha256") return null;
  const found: SshSignature = { publicKey, value, hash };
  return publicKey.length === 32 && value.length === 64 && encodeSshSignature(found).equals(bytes) ? found : null;
}

/** The text between the two lines that `ssh-keygen -Y sign` writes; null: it is none. */
export function unarmorSsh(text: string): Buffer | null {
  const body = /-----BEGIN SSH SIGNATURE-----([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----/.exec(text)?.[1];
  return body === undefined ? null : Buffer.from(body, "base64");
}
