import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { dirname, join } from "node:path";
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

const LOGIN = `Basic ${Buffer.from("me:pass-word").toString("base64")}`;

/** Puts a file where docker looks for the certificates of a registry. */
function trust(host: string, name: string, content: Buffer): void {
  const folder = join(scratch, ".docker/certs.d", host);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
}

/** What the command says on either output. */
function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [join(dirname(import.meta.dirname), "../../bin/envpack.js"), ...args], { env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((resolve) => {
    child.on("close", () => {
      resolve(said);
    });
  });
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

/** A private authority's certificate for these names, and its key, in PEM; null without openssl. */
function makeCertificate(...names: string[]): { readonly file: string; readonly cert: Buffer; readonly key: Buffer } | null {
  const folder = mkdtempSync(join(scratch, "certificate-"));
  const [file, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const words = [
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=envpack test",
    "-addext",
    `subjectAltName=${names.join(",")}`,
  ];
  if (spawnSync("openssl", ["req", ...words, "-keyout", keyFile, "-out", file]).status !== 0) return null;
  return { file, cert: readFileSync(file), key: readFileSync(keyFile) };
}

interface Proxy {
  /** "127.0.0.1:PORT" */
  readonly at: string;
  /** "HOST:PORT Proxy-Authorization", of each tunnel that was asked for. */
  readonly tunnels: string[];
  close(): void;
}

/** A proxy that leads to a port of this machine, whatever host it is asked for, and wants a login. */
async function startProxy(server: Server, port: string): Promise<Proxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  server.on("connect", (one: IncomingMessage, client: Socket) => {
    tunnels.push(`${one.url} ${one.headers["proxy-authorization"] ?? ""}`);
    if (one.headers["proxy-authorization"] === undefined) return client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const upstream = connect(Number(port), "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => socket.destroy()));
    return client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    at: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test("a proxy is asked for a tunnel, the private authority is trusted, and no one else's", async ({ skip }) => {
  const made = makeCertificate("DNS:registry.example");
  if (made === null) return skip("needs openssl");
  const secure = await startRegistry(made);
  const port = secure.host.split(":")[1] ?? "";
  const proxy = await startProxy(createServer(), port);
  const name = `registry.example:${port}/shop:1`;
  const env = { DOCKER_CONFIG: scratch, HOME: scratch, HTTPS_PROXY: `http://me:pass-word@${proxy.at}` };
  vi.stubEnv("HOME", scratch);
  try {
    await expect(fetchManifest(open(name, { env }), "1")).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      message: expect.stringContaining("not trusted"),
      hint: expect.stringContaining("certs.d"),
    });
    trust(`registry.example:${port}`, "ca.crt", made.cert);
    await pushImage(open(name, { env }), request);
    expect(secure.manifests.has("shop 1")).toBe(true);
    expect(new Set(proxy.tunnels)).toEqual(new Set([`registry.example:${port} ${LOGIN}`]));
    const refusal = await fetchManifest(open(name, { env: { ...env, HTTPS_PROXY: proxy.at } }), "1").catch(
      (error: unknown) => error as Error,
    );
    expect(refusal).toMatchObject({ code: "ENGINE_UNREACHABLE", message: expect.stringContaining("the proxy refuses") });
  } finally {
    vi.unstubAllEnvs();
    proxy.close();
    await secure.close();
  }
  return undefined;
});

test("a proxy that speaks TLS itself is known by its own name, not by the registry's", async ({ skip }) => {
  const [ofRegistry, ofProxy] = [makeCertificate("DNS:registry.example"), makeCertificate("IP:127.0.0.1")];
  if (ofRegistry === null || ofProxy === null) return skip("needs openssl");
  const secure = await startRegistry(ofRegistry);
  const port = secure.host.split(":")[1] ?? "";
  const proxy = await startProxy(createSecureServer(ofProxy), port);
  vi.stubEnv("HOME", scratch);
  trust(`registry.example:${port}`, "ca.crt", ofRegistry.cert);
  // Node reads NODE_EXTRA_CA_CERTS at its start, so this takes a process.
  const ask = (authorities: object): Promise<string> =>
    runCommand(["info", `registry.example:${port}/shop:1`], {
      PATH: process.env.PATH,
      HOME: scratch,
      HTTPS_PROXY: `https://me:pass-word@${proxy.at}`,
      ...authorities,
    });
  try {
    expect(await ask({})).toContain("its certificate is not trusted");
    expect(secure.log).toEqual([]);
    expect(await ask({ NODE_EXTRA_CA_CERTS: ofProxy.file })).toContain("the registry has no image of this name and tag");
    expect(secure.log).toContain("GET /v2/shop/manifests/1");
    expect(proxy.tunnels).toEqual([`registry.example:${port} ${LOGIN}`]);
  } finally {
    vi.unstubAllEnvs();
    proxy.close();
    await secure.close();
  }
  return undefined;
});

test("a registry that wants to be shown a certificate is shown that of certs.d", async ({ skip }) => {
  const [made, own, other] = [makeCertificate("IP:127.0.0.1"), makeCertificate("DNS:me"), makeCertificate("DNS:another")];
  if (made === null || own === null || other === null) return skip("needs openssl");
  const secure = await startRegistry({ ...made, ca: own.cert, requestCert: true });
  vi.stubEnv("HOME", scratch);
  const name = `${secure.host}/shop:1`;
  const push = (): Promise<unknown> => pushImage(open(name, { env: { DOCKER_CONFIG: scratch, HOME: scratch } }), request);
  const refused = {
    code: "ENGINE_UNREACHABLE",
    message: expect.stringContaining("wants to be shown a certificate"),
    hint: expect.stringContaining("client.cert"),
  };
  try {
    trust(secure.host, "ca.crt", made.cert);
    await expect(push()).rejects.toMatchObject(refused);
    trust(secure.host, "client.cert", other.cert);
    await expect(push()).rejects.toMatchObject({ code: "REGISTRY_REFUSED", path: expect.stringMatching(/client\.key$/) });
    trust(secure.host, "client.key", other.key);
    // Node's server closes the connection where others send an alert.
    await expect(push()).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(secure.log).toEqual([]);
    trust(secure.host, "client.cert", own.cert);
    trust(secure.host, "client.key", own.key);
    await push();
    expect(secure.manifests.has("shop 1")).toBe(true);
  } finally {
    vi.unstubAllEnvs();
    await secure.close();
  }
  return undefined;
});

test("a token that is ready goes to the registry as it is, and is not told where it is refused", async () => {
  const takes = new Set(["Bearer ready-token"]);
  registry.fault = (one, response, url) => {
    if (takes.has(one.headers.authorization ?? "")) return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="${url.origin}/token",service="it"` });
    response.end('{"errors":[{"code":"UNAUTHORIZED","message":"no ready-token"}]}');
    return true;
  };
  logIn(registry.host, { registrytoken: "ready-token" });
  await pushImage(open(), request);
  expect(new Set(registry.logins)).toEqual(takes);
  expect(registry.log.filter((line) => line.includes("/token"))).toEqual([]);
  takes.clear();
  await expect(pushImage(open(`${registry.host}/other:1`), request)).rejects.toMatchObject({
    code: "REGISTRY_REFUSED",
    message: expect.not.stringContaining("ready-token"),
  });
});
