import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { EnvpackError } from "../../errors.js";
import { parseOpensshLine, parseOpensshPrivate } from "./openssh.js";
import { rawPublicKey } from "./signature.js";

/**
 * The Ed25519 key in a private key file: PEM (PKCS #8), or OpenSSH's own form.
 *
 * @throws EnvpackError USAGE; no message holds anything of the content
 */
export function parseSigningKey(text: string): KeyObject {
  const openssh = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/.exec(text);
  if (openssh !== null) {
    const key = parseOpensshPrivate(Buffer.from(openssh[1] ?? "", "base64"));
    if (typeof key !== "string") return key;
    throw refuseKey(key === "encrypted" ? "is protected by a passphrase" : `is ${key}`, "private");
  }
  if (text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----")) throw refuseKey("is protected by a passphrase", "private");
  return parsePem(text, "private", (pem) => createPrivateKey(pem));
}

/**
 * The Ed25519 keys in a public key file: one in PEM (SubjectPublicKeyInfo), or any number of lines as
 * ssh-keygen and authorized_keys have them.
 *
 * @returns each as its 32 bytes
 * @throws EnvpackError USAGE
 */
export function parseVerifyKeys(text: string): Buffer[] {
  if (text.includes(" PRIVATE KEY-----")) throw refuseKey("is a private one", "public");
  if (text.includes("-----BEGIN ")) return [rawPublicKey(parsePem(text, "public", (pem) => createPublicKey(pem)))];
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  const keys = lines.map(parseOpensshLine).filter((key) => key !== null);
  // A line that is not understood could be the one that was meant.
  if (keys.length === 0 || keys.length < lines.length) throw refuseKey("is no Ed25519 key", "public");
  return keys;
}

type Half = "private" | "public";

function parsePem(text: string, half: Half, parse: (pem: string) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = parse(text);
  } catch (error) {
    // OpenSSL's own words go to the cause alone.
    throw refuseKey("cannot be read", half, error);
  }
  if (key.asymmetricKeyType !== "ed25519") throw refuseKey("is of another kind", half);
  return key;
}

const HINTS: Readonly<Record<Half, string>> = {
  private: "name an unencrypted Ed25519 key, as PEM or as ssh-keygen -t ed25519 writes it",
  public: "name an Ed25519 public key, as PEM or as a line `ssh-ed25519 AAAA…`",
};

function refuseKey(what: string, half: Half, cause?: unknown): EnvpackError {
  return new EnvpackError("USAGE", `the key ${what}`, { hint: HINTS[half], cause });
}
