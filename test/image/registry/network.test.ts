import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inMemory } from "../../../src/image/oci/blobs.js";
import { descriptorOf, MEDIA } from "../../../src/image/oci/documents.js";
import { parseReference } from "../../../src/image/oci/reference.js";
import { RegistryClient, type RegistryOptions } from "../../../src/image/registry/client.js";
import { pushImage, type PushRequest } from "../../../src/image/registry/push.js";
import { fetchManifest } from "../../../src/image/registry/source.js";
import { startRegistry, type FakeRegistry } from "./fake-registry.js";
import { scratchFolder } from "../../scratch.js";

const scratch = scratchFolder("network");
const LAYER = Buffer.alloc(9 << 20, "layer of an image ");
const CONFIG = Buffer.from("{}");
const blobs = [descriptorOf(`${MEDIA.layer}+gzip`, LAYER), descriptorOf(MEDIA.config, CONFIG)].map((descriptor, at) => ({
  descriptor,
  source: inMemory("the test", at === 0 ? LAYER : CONFIG),
}));
const MANIFEST = Buffer.from(JSON.stringify({ schemaVersion: 2, config: blobs[1]?.descriptor, layers: [blobs[0]?.descriptor] }));
const request: PushRequest = { blobs, documents: [{ mediaType: MEDIA.manifest, bytes: MANIFEST }], tag: "1", mountFrom: [] };

let registry: FakeRegistry;
const clients: RegistryClient[] = [];
const waits: number[] = [];

beforeEach(async () => {
  registry = await startRegistry();
  waits.length = 0;
  // Blobs that were pushed before are remembered, and the port of a registry may come again.
  process.env.XDG_CACHE_HOME = mkdtempSync(join(scratch, "cache-"));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await registry.close();
});

function open(name = `${registry.host}/shop:1`, options: RegistryOptions = {}): RegistryClient {
  const client = new RegistryClient(parseReference(name), true, {
    env: { DOCKER_CONFIG: scratch, HOME: scratch },
    wait: async (time) => waits.push(time),
    ...options,
  });
  clients.push(client);
  return client;
}

function logIn(host: string, entry: object): void {
  writeFileSync(join(scratch, "config.json"), JSON.stringify({ auths: { [host]: entry } }));
}

async function bodyOf(one: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of one as AsyncIterable<Buffer>) text += piece.toString();
  return text;
}

test.each([405, 501, 404])("a registry that answers pieces with %i is sent each blob in one request", async (status) => {
  registry.fault = (one, response) => {
    if (one.method !== "PATCH") return false;
    one.resume();
    response.writeHead(status).end('{"errors":[{"code":"UNSUPPORTED","message":"no chunks"}]}');
    return true;
  };
  expect(await pushImage(open(), request)).toMatchObject({ sentBytes: LAYER.length + CONFIG.length });
  expect(registry.blobs.get(`shop ${blobs[0]?.descriptor.digest}`)?.equals(LAYER)).toBe(true);
  // What was begun for pieces was taken back.
  expect(registry.log.filter((line) => line.startsWith("DELETE"))).toHaveLength(2);
});

test("one that takes a blob in no way at all says so, and no tag moves", async () => {
  registry.fault = (one, response, url) => {
    if (one.method !== "PATCH" && !(one.method === "PUT" && url.pathname.includes("/blobs/"))) return false;
    one.resume();
    response.writeHead(405).end('{"errors":[{"code":"UNSUPPORTED","message":"read only"}]}');
    return true;
  };
  await expect(pushImage(open(), request)).rejects.toMatchObject({
    code: "REGISTRY_REFUSED",
    message: expect.stringContaining("read only"),
  });
  expect(registry.manifests.size).toBe(0);
});

test("an identity token is traded for one of the registry's, by POST and not in an address", async () => {
  logIn(registry.host, { identitytoken: "an-identity" });
  const forms: URLSearchParams[] = [];
  registry.fault = (one, response, url) => {
    if (url.pathname === "/token") {
      expect([one.method, url.search, one.headers.authorization]).toEqual(["POST", "", undefined]);
      void bodyOf(one).then((text) => {
        forms.push(new URLSearchParams(text));
        response.writeHead(200).end('{"access_token":"abc.def"}');
      });
      return true;
    }
    if (one.headers.authorization === "Bearer abc.def") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token",service="the registry"` }).end();
    return true;
  };
  await pushImage(open(), request);
  expect(Object.fromEntries(forms[0] ?? [])).toEqual({
    grant_type: "refresh_token",
    client_id: "envpack",
    service: "the registry",
    scope: "repository:shop:pull,push",
    refresh_token: "an-identity",
  });
  registry.fault = (_one, response, url) => {
    if (url.pathname === "/token") response.writeHead(400).end('{"error":"invalid_grant an-identity"}');
    else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  const refusal = await fetchManifest(open(), "1").catch((error: unknown) => error as Error);
  expect(refusal).toMatchObject({ code: "REGISTRY_REFUSED", hint: expect.stringContaining("docker login") });
  expect(`${(refusal as Error).message} ${JSON.stringify(refusal)}`).not.toContain("an-identity");
});

test("Retry-After may name a time, and none is waited less than none", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  const dates = ["Thu, 01 Jan 2026 00:00:09 GMT", "Wed, 31 Dec 2025 00:00:00 GMT", "soon"];
  registry.fault = (_one, response) => {
    const date = dates.shift();
    if (date === undefined) return false;
    response.writeHead(503, { "retry-after": date }).end();
    return true;
  };
  try {
    expect(await fetchManifest(open(), "1")).toBe(null);
  } finally {
    vi.useRealTimers();
  }
  expect(waits).toEqual([9000, 0, 4000]);
});

test("Ctrl-C ends a push, in a piece or while it waits, and no tag moves", async () => {
  for (const method of ["PATCH", "HEAD"]) {
    const stop = new AbortController();
    registry.fault = (one, response) => {
      if (one.method !== method) return false;
      stop.abort();
      if (method === "HEAD") response.writeHead(429, { "retry-after": "60" }).end();
      return true;
    };
    await expect(pushImage(open(undefined, { signal: stop.signal, wait: undefined }), request)).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  }
  expect(registry.manifests.size).toBe(0);
});

test("a proxy is asked for a tunnel, the private authority is trusted, and no one else's", async ({ skip }) => {
  const [cert, key] = [join(scratch, "cert.pem"), join(scratch, "key.pem")];
  const words = [
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=registry.example",
    "-addext",
    "subjectAltName=DNS:registry.example",
  ];
  if (spawnSync("openssl", ["req", ...words, "-keyout", key, "-out", cert]).status !== 0) return skip("needs openssl");
  const secure = await startRegistry({ cert: readFileSync(cert), key: readFileSync(key) });
  const port = secure.host.split(":")[1] ?? "";
  const tunnels: string[] = [];
  const proxy = createServer();
  const sockets = new Set<Socket>();
  proxy.on("connect", (one: IncomingMessage, client: Socket) => {
    tunnels.push(`${one.url} ${one.headers["proxy-authorization"] ?? ""}`);
    if (one.headers["proxy-authorization"] === undefined) return client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const upstream = connect(Number(port), "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => socket.destroy()));
    return client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const at = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const name = `registry.example:${port}/shop:1`;
  const env = { DOCKER_CONFIG: scratch, HOME: scratch, HTTPS_PROXY: `http://me:pass-word@${at}` };
  vi.stubEnv("HOME", scratch);
  try {
    await expect(fetchManifest(open(name, { env }), "1")).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      message: expect.stringContaining("not trusted"),
      hint: expect.stringContaining("certs.d"),
    });
    const folder = join(scratch, ".docker/certs.d", `registry.example:${port}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "ca.crt"), readFileSync(cert));
    await pushImage(open(name, { env }), request);
    expect(secure.manifests.has("shop 1")).toBe(true);
    expect(new Set(tunnels)).toEqual(new Set([`registry.example:${port} Basic ${Buffer.from("me:pass-word").toString("base64")}`]));
    const refusal = await fetchManifest(open(name, { env: { ...env, HTTPS_PROXY: at } }), "1").catch((error: unknown) => error as Error);
    expect(refusal).toMatchObject({ code: "ENGINE_UNREACHABLE", message: expect.stringContaining("the proxy refuses") });
  } finally {
    vi.unstubAllEnvs();
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await secure.close();
  }
  return undefined;
});
