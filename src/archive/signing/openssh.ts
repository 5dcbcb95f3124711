import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { KEY_BYTES } from "./signature.js";
import { encodeStrings, Strings } from "./strings.js";

/*
 * Keys as OpenSSH writes them: private ones as PROTOCOL.key of its source tells ("openssh-key-v1"),
 * public ones as a line of authorized_keys (sshd(8)). Only Ed25519 without a passphrase.
 */
const TYPE = "ssh-ed25519";
const MAGIC = "openssh-key-v1\u0000";

/** An Ed25519 key's PKCS #8, up to the seed (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The private key in the decoded body of an OPENSSH PRIVATE KEY; a string says why there is none. */
export function parseOpensshPrivate(body: Buffer): KeyObject | "malformed" | "encrypted" | "of another kind" {
  const outer = new Strings(body, MAGIC.length);
  if (body.toString("latin1", 0, MAGIC.length) !== MAGIC) return "malformed";
  const cipher = outer.text();
  const derivation = outer.text();
  outer.next();
  if (outer.uint32() !== 1) return "malformed";
  if (cipher !== "none" || derivation !== "none") return "encrypted";
  const publicKey = parsePublicBlob(outer.next());
  if (publicKey === null) return "of another kind";
  const inner = new Strings(outer.next(), 0);
  // The two numbers are alike where decryption went well.
  const check = inner.uint32();
  if (check !== inner.uint32() || inner.text() !== TYPE || !inner.next().equals(publicKey)) return "malformed";
  const secret = inner.next();
  if (secret.length !== 2 * KEY_BYTES || !secret.subarray(KEY_BYTES).equals(publicKey)) return "malformed";
  return createPrivateKey({ key: Buffer.concat([PKCS8, secret.subarray(0, KEY_BYTES)]), format: "der", type: "pkcs8" });
}

/** A public key as a line has it. */
export interface OpensshKey {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** What stands behind the key, as "me@host"; null where nothing does. */
  readonly comment: string | null;
}

/**
 * The public key of a line such as `ssh-ed25519 AAAA… me@host`, which begins with the key's kind. Where something
 * stands before it, it is not taken: options (`expiry-time=`, `cert-authority`) and markers (`@revoked`) say when a key
 * is not to be trusted, names of hosts or signers for whom it is, and what stands behind another key is a comment.
 *
 * @returns a string that says why there is none
 */
export function parseOpensshLine(line: string): OpensshKey | "not a key" | "conditional" {
  const match = /^[ \t]*ssh-ed25519[ \t]+([A-Za-z0-9+/]{1,200}={0,2})(?:[ \t]+(\S.*)|[ \t]*)$/.exec(line);
  if (match === null)
    return /^[ \t]*(?:ssh|ecdsa|sk)-[\w.@-]+[ \t]/.test(line) || !line.includes("ssh-ed25519 ") ? "not a key" : "conditional";
  const blob = Buffer.from(match[1] ?? "", "base64");
  const publicKey = blob.toString("base64") === match[1] ? parsePublicBlob(blob) : null;
  return publicKey === null ? "not a key" : { publicKey, comment: match[2]?.trimEnd() ?? null };
}

/** A key's fingerprint as `ssh-keygen -l` and `ssh-add -l` show it: "SHA256:…". */
export function fingerprint(publicKey: Buffer): string {
  return `SHA256:${createHash("sha256").update(publicBlob(publicKey)).digest("base64").replaceAll("=", "")}`;
}

/** A public key as OpenSSH's own messages have it. */
export function publicBlob(publicKey: Buffer): Buffer {
  return encodeStrings(Buffer.from(TYPE), publicKey);
}

/** The public key that stands unencrypted in the decoded body of an OPENSSH PRIVATE KEY; null: it is of another kind, or malformed. */
export function publicKeyOfPrivate(body: Buffer): Buffer | null {
  const outer = new Strings(body, MAGIC.length);
  if (body.toString("latin1", 0, MAGIC.length) !== MAGIC) return null;
  for (let skipped = 0; skipped < 3; skipped++) outer.next();
  return outer.uint32() === 1 ? parsePublicBlob(outer.next()) : null;
}

function parsePublicBlob(blob: Buffer): Buffer | null {
  const strings = new Strings(blob, 0);
  if (strings.text() !== TYPE) return null;
  const key = strings.next();
  return key.length === KEY_BYTES && strings.atEnd ? key : null;
}
