import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fingerprint } from "../../../src/archive/signing/openssh.js";
import { parseSigningKey, parseVerifyKeys } from "../../../src/archive/signing/key-file.js";
import { decodeDetached, encodeDetached, fits, rawPublicKey, signBytes } from "../../../src/archive/signing/signature.js";
import { has } from "../../real/commands.js";
import { scratchFolder } from "../../scratch.js";

const folder = scratchFolder("keys");

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

function codeOf(work: () => unknown): string {
  try {
    work();
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("a key", () => {
  test("59: with options, markers, names or another key before it is refused, and so is a certificate", () => {
    const raw = rawPublicKey(createPublicKey(privateKey));
    const word = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), raw]).toString(
      "base64",
    );
    const line = `ssh-ed25519 ${word}`;
    expect(parseVerifyKeys(`\t${line}  me@host, ssh-ed25519 and all\r\n`)).toEqual([
      { publicKey: raw, comment: "me@host, ssh-ed25519 and all" },
    ]);
    const before = [
      "@revoked *",
      "@cert-authority *",
      "cert-authority",
      'expiry-time="20200101"',
      'namespaces="git"',
      'restrict,from="10.0.0.1"',
      "me@host",
      "host.example",
      `ssh-rsa AAAAB3NzaC1yc2E`,
      `ssh-ed25519 AAAA`,
      `ecdsa-sha2-nistp256 AAAA`,
    ];
    for (const text of [
      ...before.map((one) => `${one} ${line}`),
      `${line}\n@revoked ${line}`,
      `ssh-ed25519-cert-v01@openssh.com ${word}`,
      `sk-ssh-ed25519@openssh.com ${word}`,
      `${line}\tx\n#\nnonsense`,
    ]) {
      expect([text, codeOf(() => parseVerifyKeys(text))]).toEqual([text, "USAGE"]);
    }
    for (const text of [
      PUBLIC_PEM + PUBLIC_PEM,
      PUBLIC_PEM.replaceAll("PUBLIC KEY", "CERTIFICATE"),
      PUBLIC_PEM.replaceAll("PUBLIC KEY", "TRUSTED CERTIFICATE"),
    ]) {
      expect(codeOf(() => parseVerifyKeys(text))).toBe("USAGE");
    }
  });

  test("in PEM signs what its public half verifies, and nothing else", () => {
    const signature = signBytes(BYTES, parseSigningKey(PEM));
    expect(parseVerifyKeys(PUBLIC_PEM)).toEqual([{ publicKey: signature.publicKey, comment: null }]);
    expect(signature.value.equals(sign(null, BYTES, privateKey))).toBe(true);
    expect(fits(signature, BYTES)).toBe(true);
    expect(fits(signature, Buffer.from("what is not"))).toBe(false);
  });

  test("of ssh-keygen does too, and shows the fingerprint that ssh-keygen shows", ({ skip }) => {
    if (!has("ssh-keygen")) skip("ssh-keygen is not installed");
    const [secret, line] = sshKey("ed", "-t", "ed25519", "-N", "");
    const key = parseSigningKey(secret);
    const raw = rawPublicKey(createPublicKey(key));
    expect(parseVerifyKeys(line)).toEqual([{ publicKey: raw, comment: "me@host with words" }]);
    expect(parseVerifyKeys(`# deployers\n\n${line}${line.replace("me@host with words", "")}\n`).map(({ publicKey }) => publicKey)).toEqual([
      raw,
      raw,
    ]);
    expect(execFileSync("ssh-keygen", ["-l", "-f", join(folder, "ed.pub")], { encoding: "utf8" })).toContain(fingerprint(raw));
    expect(fits(signBytes(BYTES, key), BYTES)).toBe(true);
  });

  test("that cannot be used is refused, and no message holds any of it", ({ skip }) => {
    const cases: [() => unknown, RegExp][] = [
      [
        () =>
          parseSigningKey(
            generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
          ),
        /of another kind/,
      ],
      [
        () => parseSigningKey(privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }).toString()),
        /passphrase/,
      ],
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
  for (const wrong of [
    "",
    "\n",
    text.slice(0, -1),
    `${text}x`,
    text.replace("BEGIN", "START"),
    text.replace(/.{4}\n-----END/, "\n-----END"),
  ]) {
    expect(() => decodeDetached(wrong)).toThrow(expect.objectContaining({ code: "SIGNATURE_INVALID" }));
  }
});
