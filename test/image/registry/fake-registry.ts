import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

/** A request as a fault sees it; true where the fault has answered it. */
export type Fault = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export interface FakeRegistry {
  /** "127.0.0.1:PORT" */
  readonly host: string;
  /** Blobs by "repository digest", and manifests by "repository name". */
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly type: string }>;
  /** "METHOD path", of every request that came. */
  readonly log: string[];
  /** Values of `Authorization` that came. */
  readonly logins: string[];
  /** Bytes of blobs that came. */
  received: number;
  /** Looked at before each request. */
  fault: Fault | null;
  /** Whether it says that it keeps referrers. */
  referrers: boolean;
  close(): Promise<void>;
}

/**
 * A registry of distribution-spec 1.1, as far as pushes and pulls use it, with faults that tests put in.
 *
 * @param tls a certificate and its key in PEM, and whose are asked for; without them it speaks HTTP
 */
export async function startRegistry(tls?: Pick<ServerOptions, "cert" | "key" | "ca" | "requestCert">): Promise<FakeRegistry> {
  const uploads = new Map<string, Buffer>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  const registry: Omit<FakeRegistry, "host"> & { host: string } = {
    host: "",
    blobs: new Map(),
    manifests: new Map(),
    log: [],
    logins: [],
    received: 0,
    fault: null,
    referrers: false,
    close: () => closeServer(server),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${registry.host}`);
    registry.log.push(`${request.method ?? ""} ${url.pathname}${url.search}`);
    if (request.headers.authorization !== undefined) registry.logins.push(request.headers.authorization);
    if (registry.fault?.(request, response, url) === true) return;
    const body = await readAll(request);
    const [, repository = "", kind = "", name = ""] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === "manifests") return answerManifest(request, response, { repository, name, body });
    if (kind === "blobs") return answerBlob(request, response, `${repository} ${name}`);
    if (kind === "referrers" && registry.referrers) return answerReferrers(response, repository, name);
    if (kind === "blobs/uploads") return answerUpload(request, response, { repository, name, body, url });
    response.writeHead(404).end();
  }

  function answerManifest(
    request: IncomingMessage,
    response: ServerResponse,
    { repository, name, body }: { readonly repository: string; readonly name: string; readonly body: Buffer },
  ): void {
    if (request.method === "PUT") {
      const kept = { bytes: body, type: request.headers["content-type"] ?? "" };
      const digest = digestOf(body);
      for (const key of [name, digest]) registry.manifests.set(`${repository} ${key}`, kept);
      response.writeHead(201, { "docker-content-digest": digest, ...(registry.referrers ? { "oci-subject": digest } : {}) }).end();
      return;
    }
    const found = registry.manifests.get(`${repository} ${name}`);
    if (found === undefined) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    else
      response
        .writeHead(200, { "content-type": found.type, "content-length": found.bytes.length })
        .end(request.method === "HEAD" ? undefined : found.bytes);
  }

  /** Each manifest with that subject once: it is kept by its tags as well. */
  function answerReferrers(response: ServerResponse, repository: string, subject: string): void {
    const found = new Map<string, object>();
    for (const [key, { bytes, type }] of registry.manifests) {
      const manifest = JSON.parse(bytes.toString()) as { subject?: { digest: string }; artifactType?: string };
      if (!key.startsWith(`${repository} `) || manifest.subject?.digest !== subject) continue;
      const digest = digestOf(bytes);
      found.set(digest, { mediaType: type, digest, size: bytes.length, artifactType: manifest.artifactType });
    }
    const mediaType = "application/vnd.oci.image.index.v1+json";
    response
      .writeHead(200, { "content-type": mediaType })
      .end(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [...found.values()] }));
  }

  function answerBlob(request: IncomingMessage, response: ServerResponse, key: string): void {
    const found = registry.blobs.get(key);
    if (found === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": found.length }).end(request.method === "HEAD" ? undefined : found);
  }

  function answerUpload(
    request: IncomingMessage,
    response: ServerResponse,
    { repository, name, body, url }: { readonly repository: string; readonly name: string; readonly body: Buffer; readonly url: URL },
  ): void {
    const at = (id: string): string => `/v2/${repository}/blobs/uploads/${id}?state=${id.length}`;
    if (request.method === "POST") {
      const mounted = registry.blobs.get(`${url.searchParams.get("from") ?? ""} ${url.searchParams.get("mount") ?? ""}`);
      if (mounted !== undefined) {
        registry.blobs.set(`${repository} ${url.searchParams.get("mount") ?? ""}`, mounted);
        response.writeHead(201).end();
        return;
      }
      const id = randomUUID();
      uploads.set(id, Buffer.alloc(0));
      response.writeHead(202, { location: at(id) }).end();
      return;
    }
    const sofar = uploads.get(name);
    if (sofar === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}');
      return;
    }
    if (request.method === "GET") {
      response.writeHead(204, { location: at(name), range: `0-${Math.max(0, sofar.length - 1)}` }).end();
      return;
    }
    if (request.method === "DELETE") {
      uploads.delete(name);
      response.writeHead(204).end();
      return;
    }
    registry.received += body.length;
    const whole = Buffer.concat([sofar, body]);
    if (request.method === "PATCH") {
      const start = Number(/^(\d+)-/.exec(request.headers["content-range"] ?? "")?.[1] ?? 0);
      if (start !== sofar.length) {
        response.writeHead(416, { location: at(name), range: `0-${sofar.length - 1}` }).end();
        return;
      }
      uploads.set(name, whole);
      response.writeHead(202, { location: at(name), range: `0-${whole.length - 1}` }).end();
      return;
    }
    const digest = url.searchParams.get("digest") ?? "";
    if (digestOf(whole) !== digest) {
      response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
      return;
    }
    registry.blobs.set(`${repository} ${digest}`, whole);
    response.writeHead(201, { "docker-content-digest": digest }).end();
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  registry.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return registry;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
