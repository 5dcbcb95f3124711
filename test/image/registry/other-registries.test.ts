import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inMemory } from "../../../src/image/oci/blobs.js";
import { descriptorOf, MEDIA } from "../../../src/image/oci/documents.js";
import { parseReference } from "../../../src/image/oci/reference.js";
import { RegistryClient, type RegistryOptions } from "../../../src/image/registry/client.js";
import { pushImage, type PushRequest } from "../../../src/image/registry/push.js";
import { fetchManifest } from "../../../src/image/registry/source.js";
import { startRegistry, type FakeRegistry } from "./fake-registry.js";
import { scratchFolder } from "../../scratch.js";

/* What registries do that keep to the specification in other ways than docker's own. */
const scratch = scratchFolder("other-registries");
const PIECE = 8 << 20;
const LAYER = Buffer.alloc(PIECE + 5000, "layer of an image ");
const CONFIG = Buffer.from("{}");
const blobs = [descriptorOf(`${MEDIA.layer}+gzip`, LAYER), descriptorOf(MEDIA.config, CONFIG)].map((descriptor, at) => ({
  descriptor,
  source: inMemory("the test", at === 0 ? LAYER : CONFIG),
}));
const layer = blobs[0]?.descriptor.digest ?? "";
const MANIFEST = Buffer.from(JSON.stringify({ schemaVersion: 2, config: blobs[1]?.descriptor, layers: [blobs[0]?.descriptor] }));
const request: PushRequest = { blobs, documents: [{ mediaType: MEDIA.manifest, bytes: MANIFEST }], tag: "1", mountFrom: [] };
const small: PushRequest = { ...request, blobs: blobs.slice(1) };

let registry: FakeRegistry;
const clients: RegistryClient[] = [];
const waits: number[] = [];

beforeEach(async () => {
  registry = await startRegistry();
  waits.length = 0;
  process.env.XDG_CACHE_HOME = mkdtempSync(join(scratch, "cache-"));
  const auth = Buffer.from("user:secret-word").toString("base64");
  writeFileSync(join(scratch, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await registry.close();
});

function open(options: RegistryOptions = {}): RegistryClient {
  const client = new RegistryClient(parseReference(`${registry.host}/shop:1`), true, {
    env: { DOCKER_CONFIG: scratch, HOME: scratch },
    wait: async (time) => waits.push(time),
    ...options,
  });
  clients.push(client);
  return client;
}

const isWhole = (): boolean => registry.manifests.has("shop 1") && registry.blobs.get(`shop ${layer}`)?.equals(LAYER) === true;

test("of several challenges a token's is answered with its own realm, whichever stands first", async () => {
  const bearer = `Bearer realm="http://${registry.host}/token",service=x`;
  for (const header of [`${bearer}, Basic realm="registry"`, `Basic realm="registry", ${bearer}`]) {
    let answered = 0;
    registry.fault = (one, response, url) => {
      if (url.pathname === "/token") {
        answered++;
        // No `expires_in`, and the token by its other name.
        response.writeHead(200).end('{"access_token":"abc.def"}');
        return true;
      }
      if (one.headers.authorization === "Bearer abc.def") return false;
      response.writeHead(401, { "www-authenticate": header }).end();
      return true;
    };
    await pushImage(open(), small);
    expect(answered).toBe(1);
  }
  expect(registry.manifests.has("shop 1")).toBe(true);
});

test("what gives out tokens is waited for where it asks for patience", async () => {
  let busy = 2;
  registry.fault = (one, response, url) => {
    if (url.pathname === "/token") {
      if (busy-- > 0) response.writeHead(busy > 0 ? 429 : 503, { "retry-after": "3" }).end();
      else response.writeHead(200).end('{"token":"abc"}');
      return true;
    }
    if (one.headers.authorization === "Bearer abc") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  await pushImage(open(), small);
  expect(waits).toEqual([3000, 3000]);
});

test("a token that expires in a push is fetched anew", async () => {
  const uses = new Map<string, number>();
  let given = 0;
  registry.fault = (one, response, url) => {
    if (url.pathname === "/token") {
      uses.set(`Bearer t${++given}`, 0);
      response.writeHead(200).end(`{"token":"t${given}"}`);
      return true;
    }
    const token = one.headers.authorization ?? "";
    const used = uses.get(token) ?? Infinity;
    uses.set(token, used + 1);
    if (used < 4) return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  await pushImage(open(), request);
  expect(given).toBeGreaterThan(2);
  expect(isWhole()).toBe(true);
});

test("a registry that refuses the other repository is sent the blob instead of a mount", async () => {
  const refused: string[] = [];
  registry.fault = (one, response, url) => {
    if (url.pathname === "/token") {
      const isForOther = url.searchParams.getAll("scope").some((scope) => scope.includes("secret/other"));
      if (isForOther) refused.push(url.search);
      response.writeHead(isForOther ? 403 : 200).end(isForOther ? "" : '{"token":"abc"}');
      return true;
    }
    if (one.headers.authorization === "Bearer abc" && !url.search.includes("mount=")) return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  await pushImage(open(), { ...request, mountFrom: ["secret/other"] });
  expect(refused.length).toBeGreaterThan(0);
  expect(isWhole()).toBe(true);
});

test("a registry that takes less of a piece than it was sent is sent the rest", async () => {
  let cut = true;
  registry.fault = (one, response, url) => {
    if (one.method !== "PATCH" || !cut) return false;
    cut = false;
    // What came is not kept: of 8 MiB it says that it has nothing but a byte.
    one.resume();
    one.on("end", () => response.writeHead(202, { location: url.pathname, range: "0-0" }).end());
    return true;
  };
  await pushImage(open(), request);
  expect(registry.log.filter((line) => line.startsWith("GET") && line.includes("uploads"))).toHaveLength(1);
  expect(isWhole()).toBe(true);
});

test("pieces are no shorter than the registry says, also after one was lost", async () => {
  const least = PIECE + 1000;
  const lengths: number[] = [];
  let isBroken = false;
  registry.fault = (one, response, url) => {
    if (one.method === "POST" && url.pathname.endsWith("/uploads/")) response.setHeader("oci-chunk-min-length", String(least));
    if (one.method !== "PATCH") return false;
    lengths.push(Number(one.headers["content-length"]));
    if (isBroken) return false;
    isBroken = true;
    one.socket.destroy();
    return true;
  };
  await pushImage(open(), { ...request, blobs: blobs.slice(0, 1) });
  expect(lengths).toEqual([least, least, LAYER.length - least]);
});

test("addresses to go on at may be relative, have a query, and take TLS for none where a proxy ends it", async () => {
  registry.fault = (one, response, url) => {
    if (one.method !== "POST" && one.method !== "PATCH") return false;
    const write = response.writeHead.bind(response);
    response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
      const location = headers.location;
      // One absolute, one against the address that was asked.
      const other =
        one.method === "POST" ? `http://${registry.host}${location ?? ""}` : `./${url.pathname.split("/").at(-1) ?? ""}?state=a%2Fb`;
      return write(status, location === undefined ? headers : { ...headers, location: other });
    }) as typeof response.writeHead;
    return false;
  };
  await pushImage(open(), request);
  expect(registry.log.some((line) => line.startsWith("PUT") && line.includes("state=a%2Fb&digest="))).toBe(true);
  expect(isWhole()).toBe(true);
});

test("an address of its own that says http is asked with TLS all the same, one of another host is not asked", () => {
  const client = new RegistryClient(parseReference("registry.example/shop:1"), true, { env: { HOME: scratch } });
  expect(client.resolve("http://registry.example/v2/shop/blobs/uploads/1", "blobs/uploads/").host).toBe("registry.example");
  expect(() => client.resolve("http://other.example/v2/shop/blobs/uploads/1", "blobs/uploads/")).toThrow(/from TLS to plain HTTP/);
  expect(() => client.resolve("ftp://registry.example/x", "blobs/uploads/")).toThrow(/no address/);
  client.close();
});

test("what is written is sent on where the registry redirects it, and the login goes to no other host", async () => {
  const other = await startRegistry();
  registry.fault = (one, response, url) => {
    if (one.headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    else if (one.method === "PUT" && url.pathname.includes("/manifests/")) {
      one.resume();
      response.writeHead(307, { location: `http://${other.host}${url.pathname}` }).end();
    } else if (one.method === "POST" && !url.search.includes("again")) response.writeHead(308, { location: `${url.pathname}?again` }).end();
    else return false;
    return true;
  };
  await pushImage(open(), request);
  expect(other.manifests.get("shop 1")?.bytes.equals(MANIFEST)).toBe(true);
  expect(other.logins).toEqual([]);
  await other.close();
});

test("a manifest whose digest is not the one that was asked for, or that the registry says it is, is refused", async () => {
  registry.fault = (_one, response) => {
    response.writeHead(200, { "content-type": MEDIA.manifest, "docker-content-digest": layer }).end(MANIFEST);
    return true;
  };
  for (const name of ["1", layer]) await expect(fetchManifest(open(), name)).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});
