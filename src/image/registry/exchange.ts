import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import type { Agent as SecureAgent } from "node:https";
import { pipeline } from "node:stream/promises";
import { loadHttp, loadHttps } from "../../support/http.js";
import { certificatesFor, type Certificates } from "./certificates.js";
import { proxyFor, throughProxy } from "./proxy.js";

/** One request to a server; redirects are not followed. */
export interface Sending {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | LongBody;
}

/** A body that is not held in memory, and is read anew where the request is sent again. */
export interface LongBody {
  /** Bytes. */
  readonly length: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** To be read, or to be ended by `drain`. */
  readonly body: IncomingMessage;
}

/** Milliseconds without a byte until a server counts as gone. */
const SILENCE = 60_000;

/** Keeps the connections to the servers that a push or a pull talks to. */
export class Exchange {
  readonly #plain: Agent;
  readonly #secure: SecureAgent;
  readonly #env: NodeJS.ProcessEnv;
  /** By host. */
  readonly #certificates = new Map<string, Certificates>();
  readonly #signal: AbortSignal | undefined;

  constructor(env: NodeJS.ProcessEnv, signal?: AbortSignal) {
    this.#env = env;
    this.#signal = signal;
    this.#plain = new (loadHttp().Agent)({ keepAlive: true, maxSockets: 8 });
    this.#secure = new (loadHttps().Agent)({ keepAlive: true, maxSockets: 8 });
  }

  /** @throws the system's or Node's own errors */
  async send({ method, url, headers = {}, body }: Sending): Promise<Answer> {
    const proxy = proxyFor(url, this.#env);
    const certificates = url.protocol === "https:" ? this.#certificatesOf(url.host) : {};
    const way =
      proxy === null
        ? { agent: url.protocol === "https:" ? this.#secure : this.#plain, ...certificates }
        : await throughProxy(url, proxy, certificates);
    const length =
      body === undefined
        ? method === "POST" || method === "PUT" || method === "PATCH"
          ? { "Content-Length": "0" }
          : {}
        : { "Content-Length": String(body.length) };
    const options: RequestOptions = {
      method,
      signal: this.#signal,
      timeout: SILENCE,
      ...way,
      headers: { ...headers, ...length, ...("headers" in way ? way.headers : {}) },
    };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === "https:" ? loadHttps() : loadHttp()).request(url, options);
      request.on("timeout", () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
      request.once("response", (answer) => {
        // Who answers before the whole was sent wants no more of it.
        if (!request.writableEnded) answer.once("close", () => request.destroy());
        resolve({
          status: answer.statusCode ?? 0,
          headers: new Map(
            Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
          ),
          body: answer,
        });
      });
      request.on("error", reject);
      if (body === undefined || body instanceof Uint8Array) request.end(body);
      else pipeline(body.read(), request).catch(reject);
    });
  }

  #certificatesOf(host: string): Certificates {
    const found = this.#certificates.get(host) ?? certificatesFor(host, this.#env);
    this.#certificates.set(host, found);
    return found;
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** The body of an answer as text, no longer than `limit` bytes; null where it goes on. */
export async function readBody(body: IncomingMessage, limit: number): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > limit) {
      body.destroy();
      return null;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Lets an answer end of which nothing more is wanted; one that is long is cut. */
export async function drain({ body }: Answer): Promise<void> {
  await readBody(body, 64 << 10).catch(() => undefined);
}
