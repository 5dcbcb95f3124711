import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliverRegistry, doctor, info, list, pack, verify, type PackResult } from "../../src/index.js";
import { startRegistry, type FakeRegistry } from "./registry/fake-registry.js";
import { LIBC, makeBase, write } from "./make-base.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder("attached");
const project = join(scratch, "shop");
const base = join(scratch, "base.oci");
const layout = join(scratch, "signed.oci");
const [key, publicKey, otherKey] = ["key.pem", "key.pub.pem", "other.pub.pem"].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];
let plain: FakeRegistry;
let keeping: FakeRegistry;
let packed: PackResult;

const TYPES = [
  "application/vnd.cyclonedx+json",
  "application/vnd.dsse.envelope.v1+json",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
];

function makeKey(privateFile: string | null, publicFile: string): void {
  const pair = generateKeyPairSync("ed25519");
  if (privateFile !== null) writeFileSync(privateFile, pair.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(publicFile, pair.publicKey.export({ type: "spki", format: "pem" }));
}

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  process.env.DOCKER_CONFIG = join(scratch, "docker");
  [plain, keeping] = [await startRegistry(), await startRegistry()];
  keeping.referrers = true;
  makeKey(key, publicKey);
  makeKey(null, otherKey);
  write(join(project, "package.json"), JSON.stringify({ name: "shop", version: "1.4.0", main: "server.js" }));
  write(join(project, "server.js"), "console.log(1)\n");
  makeBase(base, [LIBC, ["usr/bin/node", "node"]]);
  const to = [plain, keeping].map(({ host }) => `${host}/shop:1`);
  packed = await pack({
    ...{ path: project, node: "none", threads: 1, output: layout, sbom: "cyclonedx", provenance: true, sign: key },
    image: { base, to },
  });
}, 60_000);

afterAll(async () => {
  await plain.close();
  await keeping.close();
});

const digest = (): string => packed.image?.digest ?? "";
const nameAt = {
  layout: () => layout,
  "a registry without referrers": () => `${plain.host}/shop:1`,
  "one that keeps them": () => `${keeping.host}/shop:1`,
};

test("pack tells what it attached, and writes no provenance beside the layout", () => {
  expect(packed.image?.attached.map(({ type }) => type)).toEqual(TYPES);
  expect(packed.image?.pushed.map(({ attached }) => attached.length)).toEqual([3, 3]);
  expect(packed.beside.provenance).toBe(null);
  expect(packed.signedBy.archive).toMatch(/^SHA256:/);
});

describe.each(Object.entries(nameAt))("in %s", (_place, name) => {
  test("info shows what is attached, who signed, and what it was made from", async () => {
    const found = await info({ path: name() });
    expect(found.image?.attached.map(({ type }) => type).sort()).toEqual([...TYPES].sort());
    expect(found.signature).toMatchObject({ fingerprint: packed.signedBy.archive, fits: true, trusted: false, place: "attached" });
    expect(found.evidence).toEqual([
      expect.objectContaining({ kind: "provenance", fits: true, signedBy: null, claimed: [packed.signedBy.archive] }),
    ]);
    expect((await info({ path: name(), verifyKeys: [publicKey] })).signature).toMatchObject({ trusted: true });
  });

  test("verify takes the named key and no other, for the signature and the provenance", async () => {
    expect(
      await verify({ path: name(), verifyKeys: [otherKey, publicKey], require: ["signature", "provenance"], expect: "shop@^1" }),
    ).toMatchObject({
      ok: true,
      signature: { trusted: true },
      evidence: [expect.objectContaining({ signedBy: packed.signedBy.archive })],
    });
    const refused = { code: "SIGNATURE_INVALID", message: expect.stringContaining("another key") };
    await expect(verify({ path: name(), verifyKeys: [otherKey] })).rejects.toMatchObject(refused);
    await expect(info({ path: name(), verifyKeys: [otherKey] })).rejects.toMatchObject(refused);
    await expect(list({ path: name(), verifyKeys: [otherKey] })).rejects.toMatchObject(refused);
    await expect(verify({ path: name(), provenance: otherKey })).rejects.toMatchObject({ code: "EVIDENCE_INVALID" });
    await expect(verify({ path: name(), verifyKeys: [publicKey], require: ["proof"] })).rejects.toMatchObject({ code: "EVIDENCE_MISSING" });
    await expect(verify({ path: name(), expect: "other@1" })).rejects.toMatchObject({ code: "NOT_EXPECTED" });
  });
});

test("a signature lies where cosign and podman look for it, beside those of others", async () => {
  const tag = `shop ${digest().replace(":", "-")}.sig`;
  const manifest = JSON.parse(plain.manifests.get(tag)?.bytes.toString() ?? "{}") as {
    layers: { digest: string; annotations: Record<string, string> }[];
  };
  const [layer] = manifest.layers;
  const payload = plain.blobs.get(`shop ${layer?.digest}`) ?? Buffer.alloc(0);
  expect(JSON.parse(payload.toString())).toMatchObject({
    critical: {
      identity: { "docker-reference": `${plain.host}/shop` },
      image: { "docker-manifest-digest": digest() },
      type: "cosign container image signature",
    },
  });
  // By other means than envpack's: what openssl says of it.
  writeFileSync(join(scratch, "payload"), payload);
  writeFileSync(join(scratch, "value"), Buffer.from(layer?.annotations["dev.cosignproject.cosign/signature"] ?? "", "base64"));
  const words = [
    "pkeyutl",
    "-verify",
    "-pubin",
    "-inkey",
    publicKey,
    "-rawin",
    "-in",
    join(scratch, "payload"),
    "-sigfile",
    join(scratch, "value"),
  ];
  expect(spawnSync("openssl", words, { encoding: "utf8" }).stdout).toMatch(/Success/);
  const other = { ...layer, annotations: { "dev.cosignproject.cosign/signature": "AAAA" } };
  plain.manifests.set(tag, {
    bytes: Buffer.from(JSON.stringify({ ...manifest, layers: [other] })),
    type: "application/vnd.oci.image.manifest.v1+json",
  });
  await deliverRegistry({ sources: [layout], to: [`${plain.host}/shop:2`] });
  const merged = JSON.parse(plain.manifests.get(tag)?.bytes.toString() ?? "{}") as { layers: object[] };
  expect(merged.layers).toHaveLength(2);
  expect(await verify({ path: `${plain.host}/shop:2`, verifyKeys: [publicKey] })).toMatchObject({ signature: { trusted: true } });
});

test("what is attached to a layout goes along when it is delivered", async () => {
  const delivered = await deliverRegistry({ sources: [layout], to: [`${keeping.host}/delivered:1`] });
  expect(delivered.pushed[0]?.attached).toHaveLength(3);
  expect(await verify({ path: `${keeping.host}/delivered:1`, verifyKeys: [publicKey], provenance: publicKey })).toMatchObject({ ok: true });
});

test("what is delivered is signed by a key that is named, an archive's image and a layout alike", async () => {
  const archive = join(scratch, "shop.tar.gz");
  await pack({ path: project, node: "none", threads: 1, output: archive });
  const unsigned = join(scratch, "unsigned.oci");
  await pack({ path: project, node: "none", threads: 1, output: unsigned, image: { base } });
  for (const [at, source] of [archive, unsigned].entries()) {
    const to = `${plain.host}/signed:${at}`;
    const delivered = await deliverRegistry({ sources: [source], to: [to], image: source === archive ? { base } : {}, sign: key });
    expect(delivered.pushed[0]?.attached).toHaveLength(1);
    expect(await verify({ path: to, verifyKeys: [publicKey], require: ["signature"] })).toMatchObject({ signature: { trusted: true } });
    await expect(verify({ path: to, verifyKeys: [otherKey] })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    expect(plain.manifests.has(`signed ${delivered.digest.replace(":", "-")}.sig`)).toBe(true);
  }
  const nothing = deliverRegistry({ sources: [unsigned], to: [`${plain.host}/nothing:1`], sign: join(scratch, "no-such-key") });
  await expect(nothing).rejects.toMatchObject({ path: expect.stringContaining("no-such-key") });
  expect([...plain.manifests.keys()].filter((name) => name.startsWith("nothing "))).toEqual([]);
});

test("a signature of another image counts for nothing, and a listed one that is gone neither", async () => {
  write(join(project, "server.js"), "console.log(2)\n");
  const to = [`${plain.host}/shop:3`];
  const other = await pack({ path: project, node: "none", threads: 1, image: { base, to } });
  const [from, own] = [digest(), other.image?.digest ?? ""].map((one) => `shop ${one.replace(":", "-")}`);
  for (const ending of ["", ".sig"]) plain.manifests.set(`${own}${ending}`, plain.manifests.get(`${from}${ending}`) as never);
  await expect(verify({ path: to[0] as string, verifyKeys: [publicKey] })).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    message: "the image is not signed",
  });
  for (const one of packed.image?.attached ?? []) plain.manifests.delete(`shop ${one.digest}`);
  expect(await verify({ path: to[0] as string })).toMatchObject({ ok: true, signature: null });
});

test("provenance without a key, and a detached signature, are told how it is done", async () => {
  const options = { path: project, node: "none", output: join(scratch, "bad.oci.tar"), image: { base } } as const;
  await expect(pack({ ...options, provenance: true })).rejects.toMatchObject({ code: "USAGE", hint: "name one with --sign" });
  await expect(pack({ ...options, detachSign: key })).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("--sign") });
  await expect(verify({ path: layout, signature: publicKey, verifyKeys: [publicKey] })).rejects.toMatchObject({ code: "USAGE" });
});

test("doctor tells from outside whether the image below an environment runs it", async () => {
  for (const name of Object.values(nameAt)) {
    const { findings } = await doctor({ path: name(), env: {} });
    expect(findings.find(({ check }) => check === "base")).toMatchObject({ status: "ok", detail: expect.stringContaining("glibc 2.36") });
  }
});

test("the layout's own index still names one image, whatever is attached to it", () => {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    manifests: { artifactType?: string; annotations?: object }[];
  };
  expect(manifests.map(({ artifactType }) => artifactType)).toEqual([undefined, ...TYPES]);
  expect(manifests.filter(({ annotations }) => annotations !== undefined)).toHaveLength(1);
});
