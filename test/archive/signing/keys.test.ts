import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseSigningKey, parseVerifyKeys } from "../../../src/archive/signing/key-file.js";
import { decodeDetached, encodeDetached, fits, rawPublicKey, signBytes } from "../../../src/archive/signing/signature.js";
import { has } from "../../real/commands.js";

const folder = mkdtempSync(join(tmpdir(), "envpack-keys-"));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const PEM = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const PUBLIC_PEM = publicKey.export({ format: "pem", type: "spki" }).toString();
const BYTES = Buffer.from("what is signed");

/** A key pair as OpenSSH writes it: private file, public line. */
function sshKey(name: string, ...options: string[]): [string, string] {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-f", path, "-C", "me@host with words", ...options]);
  return [readFileSync(path, "latin1"), readFileSync(`${path}.pub`, "latin1")];
}

describe("a key", () => {
  test("in PEM signs what its public half verifies, and nothing else", () => {
    const signature = signBytes(BYTES, parseSigningKey(PEM));
    expect(parseVerifyKeys(PUBLIC_PEM)).toEqual([signature.publicKey]);
    expect(signature.value.equals(sign(null, BYTES, privateKey))).toBe(true);
    expect(fits(signature, BYTES)).toBe(true);
    expect(fits(signature, Buffer.from("what is not"))).toBe(false);
  });

  test("of ssh-keygen does too, among other lines of an authorized_keys file", ({ skip }) => {
    if (!has("ssh-keygen")) skip("ssh-keygen is not installed");
    const [secret, line] = sshKey("ed", "-t", "ed25519", "-N", "");
    const key = parseSigningKey(secret);
    const raw = rawPublicKey(createPublicKey(key));
    expect(parseVerifyKeys(line)).toEqual([raw]);
    expect(parseVerifyKeys(`# deployers\n\nrestrict,from="10.0.0.1" ${line}${line.replace("me@host with words", "")}\n`)).toEqual([raw, raw]);
    expect(fits(signBytes(BYTES, key), BYTES)).toBe(true);
  });

  test("that cannot be used is refused, and no message holds any of it", ({ skip }) => {
    const cases: [() => unknown, RegExp][] = [
      [() => parseSigningKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString()), /of another kind/],
      [() => parseSigningKey(privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }).toString()), /passphrase/],
      [() => parseSigningKey(PUBLIC_PEM), /cannot be read/],
      [() => parseSigningKey("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"), /malformed/],
      [() => parseVerifyKeys(PEM), /private/],
      [() => parseVerifyKeys("ssh-ed25519 AAAA me"), /no Ed25519 key/],
      [() => parseVerifyKeys("ssh-rsa AAAAB3NzaC1yc2E me"), /no Ed25519 key/],
      [() => parseVerifyKeys(""), /no Ed25519 key/],
    ];
    if (has("ssh-keygen")) {
      cases.push([() => parseSigningKey(sshKey("locked", "-t", "ed25519", "-N", "secret")[0]), /passphrase/]);
      cases.push([() => parseSigningKey(sshKey("ecdsa", "-t", "ecdsa", "-N", "")[0]), /of another kind/]);
    }
    for (const [parse, message] of cases) {
      expect(parse).toThrow(expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }));
      expect(parse).not.toThrow(PEM.split("\n")[1] ?? "-");
    }
    if (!has("ssh-keygen")) skip("ssh-keygen is not installed: the rest was tried");
  });
});

test("a detached signature has one form, and every other is refused", () => {
  const text = encodeDetached(signBytes(BYTES, privateKey));
  expect(encodeDetached(decodeDetached(text))).toBe(text);
  expect(decodeDetached(text.replaceAll("\n", "\r\n"))).toEqual(decodeDetached(text));
  for (const wrong of ["", "\n", text.slice(0, -1), `${text}x`, text.replace("BEGIN", "START"), text.replace(/.{4}\n-----END/, "\n-----END")]) {
    expect(() => decodeDetached(wrong)).toThrow(expect.objectContaining({ code: "SIGNATURE_INVALID" }));
  }
});
