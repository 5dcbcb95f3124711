import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { EnvpackError, explainError } from "../support/errors.js";
import { loadHttp, loadHttps } from "../support/http.js";
import { explainHdfs } from "./hdfs-errors.js";
import type { HdfsStatus, HdfsStore } from "./hdfs-store.js";
import { readBody, readBoolean, readLocation, readStatus, remoteException } from "./webhdfs-answer.js";

/** Milliseconds without a byte until a server counts as gone. */
const SILENCE = 60_000;

/** System codes in words that a user knows; Hadoop's own client says them likewise. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["ENOTFOUND", "UnknownHost: no machine has the name HOST"],
  ["EAI_AGAIN", "UnknownHost: the name HOST cannot be looked up now"],
  ["ECONNREFUSED", "Connection refused by HOST"],
  ["ECONNRESET", "ECONNRESET: HOST closed the connection"],
  ["HPE_INVALID_CONSTANT", "Protocol message: what answers at HOST does not speak HTTP"],
]);

interface Sending {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly url: URL;
  /** A file to send as the body. */
  readonly file?: string;
  readonly signal?: AbortSignal;
}

/**
 * HDFS over HTTP, for machines without Hadoop (hadoop.apache.org, "WebHDFS REST API"): reading and
 * writing take two steps, since the NameNode only names the DataNode that has or gets the bytes.
 */
export class WebHdfs implements HdfsStore {
  readonly #base: URL;
  readonly #user: string;
  readonly #signal: AbortSignal | undefined;
  readonly via: string;

  /** @param base "http://namenode:9870" or that of an HttpFS gateway */
  constructor(base: URL, user: string, signal?: AbortSignal) {
    this.#base = base;
    this.#user = user;
    this.#signal = signal;
    this.via = `WebHDFS at ${base.host}`;
  }

  async look(paths: readonly string[]): Promise<readonly (HdfsStatus | null)[]> {
    return Promise.all(paths.map((path) => this.#lookAt(path)));
  }

  async makeFolder(path: string): Promise<void> {
    const doing = "cannot make the folder";
    if (readBoolean(await this.#call("PUT", path, doing, { op: "MKDIRS", permission: "755" }), path)) return;
    throw explainHdfs("HDFS did not make it", doing, path);
  }

  async write(path: string, file: string): Promise<void> {
    const doing = "cannot write to HDFS";
    const query = { op: "CREATE", overwrite: "false", permission: "644" };
    const target = await this.#redirected("PUT", path, doing, query);
    await mustAnswer(await this.#send({ method: "PUT", url: target, file, signal: this.#signal }, doing, path), doing, path);
  }

  async *read(path: string): AsyncIterable<Uint8Array> {
    const doing = "cannot read back from HDFS";
    const target = await this.#redirected("GET", path, doing, { op: "OPEN" });
    const answer = await this.#send({ method: "GET", url: target, signal: this.#signal }, doing, path);
    if (answer.statusCode !== 200) await mustAnswer(answer, doing, path);
    try {
      yield* answer as AsyncIterable<Buffer>;
    } catch (error) {
      throw explainNetwork(error, doing, path);
    }
  }

  async rename(from: string, to: string): Promise<boolean> {
    const answer = await this.#call("PUT", from, "cannot rename on HDFS", { op: "RENAME", destination: to });
    return readBoolean(answer, to);
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#call("PUT", path, "cannot set the mode", { op: "SETPERMISSION", permission: mode.toString(8) });
  }

  async remove(path: string): Promise<void> {
    const url = this.#url(path, { op: "DELETE" });
    await this.#send({ method: "DELETE", url }, "cannot remove", path)
      .then((answer) => readBody(answer, path))
      .catch(() => undefined);
  }

  async #lookAt(path: string): Promise<HdfsStatus | null> {
    const doing = "cannot look at HDFS";
    const answer = await this.#send({ method: "GET", url: this.#url(path, { op: "GETFILESTATUS" }), signal: this.#signal }, doing, path);
    const body = await readAnswer(answer, doing, path, "FileNotFoundException");
    if (body === null) return null;
    const { isFolder, length, mode } = readStatus(body, path);
    return { kind: isFolder ? "folder" : "file", length, mode };
  }

  async #call(method: "PUT", path: string, doing: string, query: Record<string, string>): Promise<string> {
    return mustAnswer(await this.#send({ method, url: this.#url(path, query), signal: this.#signal }, doing, path), doing, path);
  }

  /** The first of the two steps: where the bytes are to go, or come from. */
  async #redirected(method: "GET" | "PUT", path: string, doing: string, query: Record<string, string>): Promise<URL> {
    const url = this.#url(path, query);
    const answer = await this.#send({ method, url, signal: this.#signal }, doing, path);
    await mustAnswer(answer, doing, path);
    return readLocation(answer.headers.location, url, path);
  }

  #url(path: string, query: Record<string, string>): URL {
    const url = new URL(`${this.#base.pathname.replace(/(?<!\/)\/+$/, "")}/webhdfs/v1${encodeURI(path)}`, this.#base);
    for (const [name, value] of Object.entries({ ...query, "user.name": this.#user })) url.searchParams.set(name, value);
    return url;
  }

  async #send(sending: Sending, doing: string, path: string): Promise<IncomingMessage> {
    try {
      return await exchange(sending);
    } catch (error) {
      throw explainNetwork(error, doing, path, sending.url.host);
    }
  }
}

/** One request; redirects are not followed. */
async function exchange({ method, url, file, signal }: Sending): Promise<IncomingMessage> {
  const length = file === undefined ? 0 : (await stat(file)).size;
  const headers = method === "PUT" ? { "Content-Type": "application/octet-stream", "Content-Length": length } : {};
  const request = (url.protocol === "https:" ? loadHttps() : loadHttp()).request(url, { method, signal, timeout: SILENCE, headers });
  request.on("timeout", () => request.destroy(new Error("timed out")));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
  });
  if (file === undefined) request.end();
  // A server that refuses answers before it has read all: then the answer tells why, not the broken pipe.
  else pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), request).catch(() => undefined);
  return answered;
}

async function mustAnswer(answer: IncomingMessage, doing: string, path: string): Promise<string> {
  return (await readAnswer(answer, doing, path)) ?? "";
}

/**
 * The body of an answer that says yes; throws what the server says otherwise.
 *
 * @param absent the exception that is an answer too: null
 */
async function readAnswer(answer: IncomingMessage, doing: string, path: string, absent?: string): Promise<string | null> {
  let body: string;
  try {
    body = await readBody(answer, path);
  } catch (error) {
    throw explainNetwork(error, doing, path);
  }
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 400) return body;
  const thrown = remoteException(body);
  if (absent !== undefined && thrown?.startsWith(absent)) return null;
  if (status === 401) throw explainHdfs("Authentication required", doing, path);
  throw explainHdfs(thrown ?? `the server answered ${status} ${answer.statusMessage ?? ""}`, doing, path);
}

function explainNetwork(error: unknown, doing: string, path: string, host = ""): unknown {
  if (error instanceof EnvpackError || !(error instanceof Error)) return error;
  if (error.name === "AbortError") return explainError(error, doing);
  const { code } = error as NodeJS.ErrnoException;
  const from = host === "" ? "" : ` from ${host}`;
  const said = WORDS.get(code ?? "") ?? `${code ?? "no answer"}${from}: ${error.message}`;
  return explainHdfs(said.replace("HOST", host), doing, path);
}
