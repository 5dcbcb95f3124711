import { createPrivateKey, type KeyObject } from "node:crypto";
import { KEY_BYTES } from "./signature.js";

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

/** The public key of a line such as `ssh-ed25519 AAAA… me@host`, which options may stand before; null where it has none. */
export function parseOpensshLine(line: string): Buffer | null {
  const match = /(?:^|\s)ssh-ed25519\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line);
  return match === null ? null : parsePublicBlob(Buffer.from(match[1] ?? "", "base64"));
}

function parsePublicBlob(blob: Buffer): Buffer | null {
  const strings = new Strings(blob, 0);
  if (strings.text() !== TYPE) return null;
  const key = strings.next();
  return key.length === KEY_BYTES && strings.atEnd ? key : null;
}

/** Reads strings with their length before them (RFC 4251, 5); past the end they are empty. */
class Strings {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint32(): number {
    if (this.#at + 4 > this.#bytes.length) return 0;
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  next(): Buffer {
    const length = this.uint32();
    const start = this.#at;
    if (start + length > this.#bytes.length) return Buffer.alloc(0);
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    return this.next().toString("latin1");
  }
}
