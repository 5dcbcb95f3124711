import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BlobSource } from "../../../src/image/oci/blobs.js";
import { makeArtifact } from "../../../src/image/oci/artifact.js";
import { MEDIA } from "../../../src/image/oci/documents.js";
import { parseReference } from "../../../src/image/oci/reference.js";
import { RegistryClient, type RegistryOptions } from "../../../src/image/registry/client.js";
import { pushImage, type PushRequest } from "../../../src/image/registry/push.js";
import { attach, fetchReferrers } from "../../../src/image/registry/referrers.js";
import { fetchManifest, registrySource } from "../../../src/image/registry/source.js";
import { readBlob } from "../../../src/image/oci/blobs.js";
import { digestOf, startRegistry, type FakeRegistry } from "./fake-registry.js";
import { scratchFolder } from "../../scratch.js";

let registry: FakeRegistry;
const clients: RegistryClient[] = [];
const waits: number[] = [];
const home = scratchFolder("registry");
const LAYER = Buffer.alloc(17 << 20, "layer of an image ");
const CONFIG = Buffer.from("{}");
const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: describe(MEDIA.config, CONFIG),
    layers: [describe(`${MEDIA.layer}+gzip`, LAYER)],
  }),
);

beforeEach(async () => {
  registry = await startRegistry();
  waits.length = 0;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await registry.close();
});

function describe(mediaType: string, bytes: Buffer): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function open(repository = "shop", options: RegistryOptions = {}): RegistryClient {
  const client = new RegistryClient(parseReference(`${registry.host}/${repository}:1`), true, {
    env: { DOCKER_CONFIG: home, HOME: home },
    wait: async (time) => waits.push(time),
    ...options,
  });
  clients.push(client);
  return client;
}

const source: BlobSource = {
  name: "the test",
  open: async ({ digest }) => pieces(digest === digestOf(LAYER) ? LAYER : CONFIG),
};

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
}

const request: PushRequest = {
  blobs: [describe(`${MEDIA.layer}+gzip`, LAYER), describe(MEDIA.config, CONFIG)].map((descriptor) => ({ descriptor, source })),
  documents: [{ mediaType: MEDIA.manifest, bytes: MANIFEST }],
  tag: "1",
  mountFrom: [],
};

const tagged = (): boolean => registry.manifests.has("shop 1");

test("an image is sent in pieces, its tag last, and not sent again", async () => {
  const first = await pushImage(open(), request);
  expect(first).toEqual({ digest: digestOf(MANIFEST), sentBytes: LAYER.length + CONFIG.length, mountedBytes: 0, thereBytes: 0 });
  expect(registry.blobs.get(`shop ${digestOf(LAYER)}`)?.equals(LAYER)).toBe(true);
  expect(registry.log.at(-1)).toBe("PUT /v2/shop/manifests/1");
  expect(registry.log.filter((line) => line.startsWith("PATCH")).length).toBe(4);
  const before = registry.received;
  expect(await pushImage(open(), request)).toMatchObject({ sentBytes: 0, thereBytes: LAYER.length + CONFIG.length });
  expect(registry.received).toBe(before);
});

test("a second repository of the registry is given the blobs of the first", async () => {
  await pushImage(open(), request);
  const before = registry.received;
  expect(await pushImage(open("other"), { ...request, mountFrom: ["shop"] })).toMatchObject({
    sentBytes: 0,
    mountedBytes: LAYER.length + CONFIG.length,
  });
  expect(registry.received).toBe(before);
});

test("an upload that breaks goes on where the registry has come to", async () => {
  let patches = 0;
  registry.fault = (one, response) => {
    if (one.method !== "PATCH" || ++patches !== 2) return false;
    response.destroy();
    return true;
  };
  await pushImage(open(), request);
  expect(registry.blobs.get(`shop ${digestOf(LAYER)}`)?.equals(LAYER)).toBe(true);
  // What was there was not sent again.
  expect(registry.received).toBeLessThanOrEqual(LAYER.length + CONFIG.length);
});

test("a registry that breaks each upload is left, and no tag moves", async () => {
  registry.fault = (one, response) => {
    if (one.method !== "PATCH") return false;
    response.destroy();
    return true;
  };
  await expect(pushImage(open(), request)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(tagged()).toBe(false);
});

test("a registry that asks for patience is waited for, within limits", async () => {
  let refusals = 0;
  registry.fault = (one, response) => {
    if (one.method !== "HEAD" || ++refusals > 2) return false;
    response.writeHead(429, { "retry-after": refusals === 1 ? "7" : "999999" }).end();
    return true;
  };
  await pushImage(open(), { ...request, blobs: request.blobs.slice(1) });
  expect(waits).toEqual([7000, 60_000]);
});

test("one that never has time is told as such", async () => {
  registry.fault = (_one, response) => {
    response.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
    return true;
  };
  await expect(pushImage(open(), { ...request, blobs: [] })).rejects.toMatchObject({
    code: "REGISTRY_FAILED",
    message: expect.stringContaining("slow down"),
  });
});

test("redirects without end are left", async () => {
  registry.fault = (one, response) => {
    if (one.method !== "GET") return false;
    response.writeHead(307, { location: one.url ?? "" }).end();
    return true;
  };
  await expect(fetchManifest(open(), "1")).rejects.toMatchObject({
    code: "REGISTRY_FAILED",
    message: expect.stringContaining("without end"),
  });
});

test("a blob's redirect to another host takes no login along", async () => {
  const other = await startRegistry();
  other.fault = (_one, response) => {
    response.writeHead(200).end(CONFIG);
    return true;
  };
  login("user", "secret-word");
  registry.fault = (one, response, url) => {
    if (one.headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    else response.writeHead(307, { location: `http://${other.host}${url.pathname}` }).end();
    return true;
  };
  for await (const _ of readBlob(registrySource(open()), describe(MEDIA.config, CONFIG))) {
    // Its digest is what counts.
  }
  expect(registry.logins).toEqual([`Basic ${Buffer.from("user:secret-word").toString("base64")}`]);
  expect(other.logins).toEqual([]);
  expect(other.log).toHaveLength(1);
  await other.close();
});

test("bytes that have another digest, and bodies without end, are refused", async () => {
  registry.fault = (_one, response) => {
    const write = (): void => {
      if (response.write(Buffer.alloc(1 << 16, "x"))) setImmediate(write);
      else response.once("drain", write);
    };
    response.writeHead(200, { "content-type": MEDIA.manifest });
    response.on("error", () => undefined);
    write();
    return true;
  };
  await expect(fetchManifest(open(), "1")).rejects.toMatchObject({ code: "IMAGE_INVALID", message: expect.stringContaining("no end") });
  const blob = async (): Promise<void> => {
    for await (const _ of readBlob(registrySource(open()), describe(MEDIA.config, CONFIG))) {
      // Refused before it ends.
    }
  };
  await expect(blob()).rejects.toMatchObject({ code: "IMAGE_INVALID", message: expect.stringContaining("longer") });
  registry.fault = (_one, response) => {
    response.writeHead(200).end("{}".replace("}", "]"));
    return true;
  };
  await expect(blob()).rejects.toMatchObject({ code: "IMAGE_INVALID", message: expect.stringContaining("other bytes") });
  await expect(fetchManifest(open(), digestOf(CONFIG))).rejects.toMatchObject({
    code: "IMAGE_INVALID",
    message: expect.stringContaining("another digest"),
  });
});

test("a token is fetched with the login, and used", async () => {
  login("user", "secret-word");
  registry.fault = (one, response, url) => {
    if (url.pathname === "/token") {
      expect(url.searchParams.get("scope")).toBe("repository:shop:pull,push");
      response.writeHead(200).end('{"token":"abc.def"}');
      return true;
    }
    if (one.headers.authorization === "Bearer abc.def") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token",service="x"` }).end();
    return true;
  };
  await pushImage(open(), request);
  expect(tagged()).toBe(true);
});

test("a password is not sent to a host of another domain, unless that is named", async () => {
  login("user", "secret-word");
  const thief = await startRegistry();
  thief.fault = (_one, response) => {
    response.writeHead(200).end('{"token":"abc"}');
    return true;
  };
  const there = thief.host.replace("127.0.0.1", "localhost");
  registry.fault = (one, response) => {
    if (one.headers.authorization === "Bearer abc") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${there}/token"` }).end();
    return true;
  };
  const refusal = await pushImage(open(), request).catch((error: unknown) => error as Error & { readonly hint: string });
  expect(refusal).toMatchObject({ code: "REGISTRY_REFUSED", hint: `if you know that host, allow it with --auth-host ${there}` });
  expect(thief.log).toEqual([]);
  expect(tagged()).toBe(false);
  await pushImage(open("shop", { authHosts: [there] }), request);
  expect(tagged()).toBe(true);
  await thief.close();
});

test("what a registry says is told without the password, should it repeat it", async () => {
  login("user", "secret-word");
  registry.fault = (one, response) => {
    if (one.headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    else response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"secret-word may not\\u001b[31m push"}]}');
    return true;
  };
  const client = open();
  const refusal = await fetchManifest(client, "1").catch((error: unknown) => error as Error);
  expect(refusal).toMatchObject({ code: "REGISTRY_REFUSED", message: expect.stringContaining("*** may not") });
  expect(JSON.stringify(refusal)).not.toContain("secret-word");
  expect((refusal as Error).message).not.toContain("secret-word");
});

test("a login that has expired is told with what to do", async () => {
  login("user", "secret-word");
  registry.fault = (_one, response, url) => {
    if (url.pathname === "/token") response.writeHead(401).end();
    else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  await expect(fetchManifest(open(), "1")).rejects.toMatchObject({
    code: "REGISTRY_REFUSED",
    message: expect.stringContaining("expired"),
    hint: expect.stringContaining(`docker login ${registry.host}`),
  });
});

test("a registry that stores something else is not believed", async () => {
  registry.fault = (one, response) => {
    if (one.method !== "PUT" || one.url?.includes("/manifests/") !== true) return false;
    response.writeHead(201, { "docker-content-digest": digestOf(Buffer.from("other")) }).end();
    return true;
  };
  await expect(pushImage(open(), request)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
  expect(tagged()).toBe(false);
});

test("an attachment is listed under the fallback tag once, where the registry keeps no referrers", async () => {
  const client = open();
  const attachment = { type: "application/vnd.cyclonedx+json", bytes: Buffer.from('{"bomFormat":"CycloneDX"}'), title: "sbom.cdx.json" };
  const subject = describe(MEDIA.manifest, MANIFEST);
  const artifact = makeArtifact(subject, attachment);
  const { digest } = artifact.descriptor;
  await attach(client, artifact);
  await attach(client, artifact);
  expect(await fetchReferrers(client, subject.digest)).toEqual([expect.objectContaining({ digest, artifactType: attachment.type })]);
  const index = JSON.parse(registry.manifests.get(`shop ${subject.digest.replace(":", "-")}`)?.bytes.toString() ?? "{}");
  expect(index.manifests).toEqual([expect.objectContaining({ digest, artifactType: attachment.type })]);
  registry.manifests.clear();
  registry.referrers = true;
  await attach(open(), artifact);
  expect([...registry.manifests.keys()]).toEqual([`shop ${digest}`]);
});

function login(user: string, password: string): void {
  writeFileSync(
    join(home, "config.json"),
    JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } }),
  );
}
