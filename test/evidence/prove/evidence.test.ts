import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { info, pack, prove, unpack, verify } from "../../../src/index.js";
import { has, makeScratch } from "../../real/commands.js";
import { writeFiles } from "./shop.js";

const scratch = makeScratch();
const at = (name: string): string => join(scratch, name);
const project = at("shop");
const archive = at("shop.tar");
const provenance = `${archive}.provenance.json`;

/** What is signed of an envelope's payload, by DSSE's own rule and not by ours. */
function signedOf(file: string): { readonly signed: Buffer; readonly sig: Buffer; readonly statement: ReturnType<typeof JSON.parse> } {
  const { payload, payloadType, signatures } = JSON.parse(readFileSync(file, "utf8"));
  const body = Buffer.from(payload, "base64");
  return {
    signed: Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]),
    sig: Buffer.from(signatures[0].sig, "base64"),
    statement: JSON.parse(body.toString("utf8")),
  };
}

function writePem(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  writeFileSync(at(name), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  writeFileSync(at(`${name}.pub`), publicKey.export({ format: "pem", type: "spki" }));
}

beforeAll(async () => {
  writeFiles(project, { "package.json": JSON.stringify({ name: "shop", version: "1.4.0", main: "index.js" }), "index.js": "" });
  for (const name of ["pem", "other"]) writePem(name);
  if (has("git"))
    for (const words of [
      ["init", "-q"],
      ["add", "."],
      ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "one"],
      ["remote", "add", "origin", "https://me:secret@example.org/shop.git"],
    ])
      execFileSync("git", words, { cwd: project });
  await pack({ path: project, output: archive, node: "none", sign: at("pem"), provenance: true });
});

describe("provenance", () => {
  test("is SLSA's, names lockfile, revision, Node.js and options, and nothing of this machine", ({ skip }) => {
    const { statement } = signedOf(provenance);
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "shop.tar", digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
      predicateType: "https://slsa.dev/provenance/v1",
    });
    expect(statement.predicate.buildDefinition).toMatchObject({
      buildType: "urn:envpack:build:pack:1",
      externalParameters: { name: "shop", version: "1.4.0", format: "tar", options: { node: "none" } },
    });
    expect(JSON.stringify(statement)).not.toContain(scratch);
    if (!has("git")) skip("git is not installed");
    const head = execFileSync("git", ["rev-parse", "HEAD"], { cwd: project, encoding: "utf8" }).trim();
    expect(statement.predicate.buildDefinition.resolvedDependencies).toEqual([
      {
        name: "source",
        uri: "git+https://example.org/shop.git",
        digest: { gitCommit: head },
        annotations: { role: "source", clean: true },
      },
    ]);
  });

  test("is verified by openssl, of a key in PEM", ({ skip }) => {
    if (!has("openssl")) skip("openssl is not installed");
    const { signed, sig } = signedOf(provenance);
    writeFileSync(at("signed"), signed);
    writeFileSync(at("sig"), sig);
    const verified = spawnSync(
      "openssl",
      ["pkeyutl", "-verify", "-pubin", "-inkey", at("pem.pub"), "-rawin", "-in", at("signed"), "-sigfile", at("sig")],
      { encoding: "utf8" },
    );
    expect(verified.stdout + verified.stderr).toContain("Signature Verified Successfully");
  });

  test("is checked by verify, told by info, and refused where it is missing, changed, another's or of another archive", async () => {
    const good = await verify({ path: archive, provenance: at("pem.pub") });
    expect(good.evidence).toEqual([
      expect.objectContaining({
        kind: "provenance",
        fits: true,
        signedBy: expect.stringMatching(/^SHA256:/),
        says: expect.stringMatching(/^made by envpack /),
      }),
    ]);
    expect((await info({ path: archive })).evidence).toEqual([
      expect.objectContaining({ kind: "provenance", fits: true, signedBy: null, claimed: [good.signature?.fingerprint] }),
    ]);
    await expect(verify({ path: archive, provenance: at("other.pub") })).rejects.toMatchObject({
      code: "EVIDENCE_INVALID",
      path: provenance,
    });
    const copy = at("copy.tar");
    copyFileSync(archive, copy);
    await expect(verify({ path: copy, provenance: at("pem.pub") })).rejects.toMatchObject({ code: "EVIDENCE_MISSING" });
    const text = readFileSync(provenance, "utf8");
    writeFileSync(
      `${copy}.provenance.json`,
      text.replace(/"payload":"(.)/, (_, first: string) => `"payload":"${first === "e" ? "f" : "e"}`),
    );
    await expect(verify({ path: copy, provenance: at("pem.pub") })).rejects.toMatchObject({ code: "EVIDENCE_INVALID" });
    for (const broken of ["", "{", "[]", "null", '{"payload":1}', text.slice(0, 100)]) {
      writeFileSync(`${copy}.provenance.json`, broken);
      await expect(verify({ path: copy, provenance: at("pem.pub") })).rejects.toMatchObject({ code: "EVIDENCE_INVALID" });
      expect((await info({ path: copy })).evidence).toEqual([expect.objectContaining({ fits: false })]);
    }
    // Another archive of the same key and name.
    writeFileSync(join(project, "index.js"), "1;\n");
    await pack({ path: project, output: at("next.tar"), node: "none", sign: at("pem") });
    copyFileSync(provenance, `${at("next.tar")}.provenance.json`);
    await expect(verify({ path: at("next.tar"), provenance: at("pem.pub") })).rejects.toMatchObject({ code: "EVIDENCE_INVALID" });
  });

  test("without a key, or of a stream, is refused before anything is packed", async () => {
    await expect(pack({ path: project, output: at("unsigned.tar"), node: "none", provenance: true })).rejects.toMatchObject({
      code: "USAGE",
      hint: "name one with --sign or --detach-sign",
    });
    expect(existsSync(at("unsigned.tar"))).toBe(false);
  });
});

describe("unpack", () => {
  test("refuses without what is required, and restores with it", async () => {
    const asked = { archive, target: at("required"), verifyKeys: [at("pem.pub")], require: ["signature", "provenance", "proof"] as const };
    await expect(unpack({ ...asked, verifyKeys: undefined })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("--verify-key"),
    });
    await expect(unpack(asked)).rejects.toMatchObject({
      code: "EVIDENCE_MISSING",
      path: `${archive}.proof.json`,
      hint: expect.stringContaining("envpack prove ARCHIVE --sign KEY"),
    });
    await prove({ path: archive, sandbox: "none", source: project });
    await expect(unpack(asked)).rejects.toMatchObject({ code: "EVIDENCE_INVALID", message: "the proof is not signed" });
    await prove({ path: archive, sandbox: "none", source: project, sign: at("other") });
    await expect(unpack(asked)).rejects.toMatchObject({
      code: "EVIDENCE_INVALID",
      message: "the proof is not signed by a key that was named",
    });
    expect(existsSync(at("required"))).toBe(false);
    await prove({ path: archive, sandbox: "none", source: project, sign: at("pem") });
    expect(await unpack(asked)).toMatchObject({ target: at("required") });
  });

  test("refuses another name, and an older version of the same key", async () => {
    const asked = { archive, target: at("expected"), verifyKeys: [at("pem.pub")] };
    for (const expected of ["shop@^1.5", "shop@>=2", "other", "other@1"])
      await expect(unpack({ ...asked, expect: expected })).rejects.toMatchObject({
        code: "NOT_EXPECTED",
        message: expect.stringContaining("the archive is shop 1.4.0, not "),
      });
    await expect(unpack({ ...asked, expect: "shop@not a range" })).rejects.toMatchObject({ code: "USAGE" });
    await expect(unpack({ ...asked, expect: "shop@^1.5", shared: true })).rejects.toMatchObject({ code: "NOT_EXPECTED" });
    expect(existsSync(at("expected"))).toBe(false);
    expect(await unpack({ ...asked, expect: "shop@^1.4" })).toMatchObject({ target: at("expected") });
  });
});

describe("keys of OpenSSH", () => {
  const sshKey = (name: string, passphrase: string): void => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "me@host", "-f", at(name)]);
    appendFileSync(at("allowed"), `me namespaces="envpack" ${readFileSync(at(`${name}.pub`), "utf8")}`);
  };
  const packBy = (key: string, name: string): ReturnType<typeof pack> =>
    pack({ path: project, output: at(name), node: "none", sign: at(key), provenance: true, force: true });
  const armored = (sig: Buffer): string =>
    `-----BEGIN SSH SIGNATURE-----\n${(sig.toString("base64").match(/.{1,70}/g) ?? []).join("\n")}\n-----END SSH SIGNATURE-----\n`;
  const keygenVerifies = (name: string): unknown => {
    const { signed, sig } = signedOf(`${at(name)}.provenance.json`);
    writeFileSync(at("ssh.sig"), armored(sig));
    return spawnSync("ssh-keygen", ["-Y", "verify", "-f", at("allowed"), "-I", "me", "-n", "envpack", "-s", at("ssh.sig")], {
      input: signed,
      encoding: "utf8",
    }).status;
  };
  let agent: { readonly pid: number; readonly socket: string } | null = null;

  beforeAll(() => {
    if (!has("ssh-keygen") || !has("ssh-agent")) return;
    sshKey("open", "");
    sshKey("locked", "open sesame");
    const told = execFileSync("ssh-agent", ["-s"], { encoding: "utf8" });
    agent = { pid: Number(/SSH_AGENT_PID=(\d+)/.exec(told)?.[1]), socket: /SSH_AUTH_SOCK=([^;]+)/.exec(told)?.[1] ?? "" };
  });
  afterAll(() => {
    if (agent !== null) process.kill(agent.pid);
    for (const name of ["SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"]) Reflect.deleteProperty(process.env, name);
  });

  test("sign what ssh-keygen verifies: without a passphrase, by an agent, and by ssh-keygen itself", async ({ skip }) => {
    if (agent === null) skip("OpenSSH is not installed");
    await packBy("open", "open.tar");
    expect(keygenVerifies("open.tar")).toBe(0);
    writeFileSync(at("askpass"), "#!/bin/sh\necho open sesame\n", { mode: 0o755 });
    process.env.SSH_ASKPASS = at("askpass");
    process.env.SSH_ASKPASS_REQUIRE = "force";
    await packBy("locked", "keygen.tar");
    expect(keygenVerifies("keygen.tar")).toBe(0);
    process.env.SSH_AUTH_SOCK = agent?.socket;
    execFileSync("ssh-add", ["-q", at("locked")]);
    // Nobody is asked any more.
    process.env.SSH_ASKPASS = "/bin/false";
    await packBy("locked", "agent.tar");
    await packBy("locked.pub", "public.tar");
    for (const name of ["keygen.tar", "agent.tar", "public.tar"]) {
      expect(keygenVerifies(name)).toBe(0);
      expect(await verify({ path: at(name), verifyKeys: [at("locked.pub")], require: ["signature", "provenance"] })).toMatchObject({
        ok: true,
        signature: { trusted: true },
      });
      await expect(verify({ path: at(name), verifyKeys: [at("open.pub")] })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    }
  });

  test("with a wrong passphrase, or a public key that no agent holds, are refused in one line, and nothing is left", async ({ skip }) => {
    if (agent === null) skip("OpenSSH is not installed");
    Reflect.deleteProperty(process.env, "SSH_AUTH_SOCK");
    writeFileSync(at("askpass"), "#!/bin/sh\necho wrong\n", { mode: 0o755 });
    process.env.SSH_ASKPASS = at("askpass");
    process.env.SSH_ASKPASS_REQUIRE = "force";
    await expect(packBy("locked", "wrong.tar")).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("ssh-keygen did not sign"),
    });
    await expect(packBy("locked.pub", "wrong.tar")).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("ssh-add") });
    expect(existsSync(at("wrong.tar"))).toBe(false);
  });
});
