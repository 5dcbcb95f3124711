import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { EnvpackError } from "../../support/errors.js";
import { parseOpensshLine, parseOpensshPrivate, publicKeyOfPrivate, type OpensshKey } from "./openssh.js";
import { rawPublicKey } from "./signature.js";

/**
 * The Ed25519 key in a private key file: PEM (PKCS #8), or OpenSSH's own form.
 *
 * @throws EnvpackError USAGE; no message holds anything of the content
 */
export function parseSigningKey(text: string): KeyObject {
  const openssh = opensshBody(text);
  if (openssh !== null) {
    const key = parseOpensshPrivate(openssh);
    if (typeof key !== "string") return key;
    throw refuseKey(key === "encrypted" ? "is protected by a passphrase" : `is ${key}`, "private");
  }
  if (text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----")) throw refuseKey("is protected by a passphrase", "private");
  return parsePem(text, "private", (pem) => createPrivateKey(pem));
}

/**
 * A key of OpenSSH that this process cannot sign with by itself: a private one with a passphrase, of which the public half
 * stands in the file, or a public one. Null: it is none of these.
 *
 * @throws EnvpackError USAGE where it is of another kind
 */
export function lockedKeyOf(text: string): { readonly publicKey: Buffer; readonly hasPrivate: boolean } | null {
  if (/^ssh-ed25519 \S+[^\n]*\n?$/.test(text)) {
    const [key] = parseVerifyKeys(text);
    return key === undefined ? null : { publicKey: key.publicKey, hasPrivate: false };
  }
  const body = opensshBody(text);
  if (body === null || parseOpensshPrivate(body) !== "encrypted") return null;
  const publicKey = publicKeyOfPrivate(body);
  if (publicKey === null) throw refuseKey("is of another kind", "private");
  return { publicKey, hasPrivate: true };
}

function opensshBody(text: string): Buffer | null {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/.exec(text);
  return match === null ? null : Buffer.from(match[1] ?? "", "base64");
}

/**
 * The Ed25519 keys in a public key file: one in PEM (SubjectPublicKeyInfo), or any number of lines as
 * ssh-keygen writes them. A certificate, and a line with options or markers, says when its key is not to be trusted,
 * which is not looked into here: so it is refused.
 *
 * @throws EnvpackError USAGE
 */
export function parseVerifyKeys(text: string): OpensshKey[] {
  if (text.includes(" PRIVATE KEY-----")) throw refuseKey("is a private one", "public");
  if (/^[ \t]*-----BEGIN /m.test(text))
    return [{ publicKey: rawPublicKey(parsePem(onlyPublicKey(text), "public", (pem) => createPublicKey(pem))), comment: null }];
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  return (lines.length === 0 ? [""] : lines).map((line) => {
    const key = parseOpensshLine(line);
    // A line that is not understood could be the one that was meant.
    if (key === "not a key") throw refuseKey("is no Ed25519 key", "public");
    if (key === "conditional") throw refuseKey("has options, a marker or names before it, which envpack does not obey", "public");
    return key;
  });
}

/** OpenSSL would take the first of several, and the key of a certificate, whose dates and issuer it does not look at. */
function onlyPublicKey(text: string): string {
  const begins = text.match(/-----BEGIN [^-\n]*-----/g) ?? [];
  if (begins.length === 1 && begins[0] === "-----BEGIN PUBLIC KEY-----") return text;
  throw refuseKey(begins.length > 1 ? "is one of several in one file" : "is no public key in PEM", "public");
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
  public: "name an Ed25519 public key, as PEM or as lines `ssh-ed25519 AAAA…` and nothing before",
};

function refuseKey(what: string, half: Half, cause?: unknown): EnvpackError {
  return new EnvpackError("USAGE", `the key ${what}`, { hint: HINTS[half], cause });
}
