import { readBlob, type BlobSource } from "../oci/blobs.js";
import type { Descriptor } from "../oci/documents.js";
import { EnvpackError } from "../../support/errors.js";
import { explainAnswer } from "./answers.js";
import type { RegistryClient } from "./client.js";
import { drain, type Answer, type LongBody } from "./exchange.js";

/** How a blob came to be in the repository. */
export type Sent = "sent" | "mounted" | "there";

export interface UploadOptions {
  /** Repositories of the same registry that may have the blob. */
  readonly mountFrom: readonly string[];
  readonly onBytes?: (bytes: number) => void;
}

/** Bytes of a piece: what is held in memory of a blob that is sent. */
const PIECE = 8 << 20;
/** What registries answer that take a blob in one request only. */
const NO_PIECES = new Set([400, 404, 405, 411, 415, 501]);
/** How often an upload that broke is gone on with. */
const RESUMES = 5;

const doing = "cannot push to the registry";

/**
 * Brings a blob into a repository, unless it is there: from another repository of the same registry, or in pieces, and
 * after a broken connection from where the registry says it has come to (distribution-spec, "Pushing a blob in chunks").
 */
export async function uploadBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  source: BlobSource,
  options: UploadOptions,
): Promise<Sent> {
  const had = await findBlob(client, descriptor.digest, options.mountFrom);
  if (had !== null) return had;
  await new Upload(client, descriptor, source, options).run();
  return "sent";
}

/** Whether a blob is in the repository, or could be brought there from another one; null where it has to be sent. */
export async function findBlob(client: RegistryClient, digest: string, mountFrom: readonly string[]): Promise<"there" | "mounted" | null> {
  if (await hasBlob(client, digest)) return "there";
  for (const from of mountFrom) if (await mount(client, digest, from)) return "mounted";
  return null;
}

async function hasBlob(client: RegistryClient, digest: string): Promise<boolean> {
  const answer = await client.call({ method: "HEAD", at: `blobs/${digest}` });
  await drain(answer);
  if (answer.status === 200) return true;
  if (answer.status === 404) return false;
  throw await explainAnswer(answer, doing, client.name, await client.secrets());
}

/**
 * Where it cannot be mounted the registry begins an upload instead, which is cancelled. One that gives out no token for
 * the other repository has not refused this one.
 */
async function mount(client: RegistryClient, digest: string, from: string): Promise<boolean> {
  const answer = await client
    .call({
      method: "POST",
      at: `blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`,
      scopes: [`repository:${from}:pull`],
    })
    .catch((error: unknown) => {
      if (error instanceof EnvpackError && error.code === "REGISTRY_REFUSED") return null;
      throw error;
    });
  if (answer === null) return false;
  await drain(answer);
  if (answer.status === 202) await cancel(client, answer);
  return answer.status === 201;
}

async function cancel(client: RegistryClient, answer: Answer): Promise<void> {
  const url = client.resolve(answer.headers.get("location"), "blobs/uploads/");
  await client.call({ method: "DELETE", at: url }).then(drain, () => undefined);
}

async function begin(client: RegistryClient): Promise<{ readonly url: URL; readonly least: number }> {
  const answer = await client.call({ method: "POST", at: "blobs/uploads/" });
  if (answer.status !== 202) throw await explainAnswer(answer, doing, client.name, await client.secrets());
  await drain(answer);
  const least = Number(answer.headers.get("oci-chunk-min-length") ?? 0);
  return {
    url: client.resolve(answer.headers.get("location"), "blobs/uploads/"),
    least: Number.isSafeInteger(least) && least < 1 << 28 ? least : 0,
  };
}

class Upload {
  readonly #client: RegistryClient;
  readonly #descriptor: Descriptor;
  readonly #source: BlobSource;
  readonly #options: UploadOptions;
  #resumes = 0;
  /** Bytes that the registry has. */
  #at = 0;

  constructor(client: RegistryClient, descriptor: Descriptor, source: BlobSource, options: UploadOptions) {
    this.#client = client;
    this.#descriptor = descriptor;
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<void> {
    const begun = await begin(this.#client);
    let { url } = begun;
    for (;;) {
      const sent = await this.#sendFrom(url, Math.max(PIECE, begun.least));
      if (sent.came === "whole") return this.#finish(sent.url);
      if (sent.came === "nowhere") {
        await this.#client.call({ method: "DELETE", at: sent.url }).then(drain, () => undefined);
        return this.#sendWhole((await begin(this.#client)).url);
      }
      url = await this.#resume(sent.url);
    }
  }

  /**
   * Sends what the registry has not.
   *
   * @returns `came`: "whole"; "broken" where a piece was not taken and the registry is to be asked how far it is;
   *   "nowhere" where it takes no pieces at all
   */
  async #sendFrom(start: URL, most: number): Promise<{ readonly url: URL; readonly came: "whole" | "broken" | "nowhere" }> {
    let url = start;
    // Pieces are cut behind what is there: registries that say how short one may be mean all but the last.
    for await (const piece of cut(skip(readBlob(this.#source, this.#descriptor), this.#at), most)) {
      const next = await this.#patch(url, piece);
      if (next === null) return { url, came: "broken" };
      if (next === "refused") return { url, came: "nowhere" };
      url = next;
      this.#at += piece.length;
      this.#options.onBytes?.(piece.length);
    }
    return { url, came: "whole" };
  }

  /** Null where the piece was not taken, "refused" where the registry takes none. */
  async #patch(url: URL, piece: Uint8Array): Promise<URL | "refused" | null> {
    const range = `${this.#at}-${this.#at + piece.length - 1}`;
    let answer: Answer;
    try {
      answer = await this.#client.call({
        method: "PATCH",
        at: url,
        body: piece,
        headers: { "Content-Type": "application/octet-stream", "Content-Range": range },
      });
    } catch (error) {
      if (error instanceof EnvpackError && error.code === "ENGINE_UNREACHABLE" && this.#resumes < RESUMES) return null;
      throw error;
    }
    if (NO_PIECES.has(answer.status) && this.#at === 0 && this.#resumes === 0) {
      await drain(answer);
      return "refused";
    }
    if (answer.status === 416 || answer.status >= 500) {
      if (this.#resumes >= RESUMES) throw await explainAnswer(answer, doing, this.#client.name, await this.#client.secrets());
      await drain(answer);
      return null;
    }
    if (answer.status !== 202 && answer.status !== 201 && answer.status !== 204)
      throw await explainAnswer(answer, doing, this.#client.name, await this.#client.secrets());
    await drain(answer);
    // Some take less of a piece than they were sent, and say so here alone.
    const end = endOf(answer);
    if (end !== null && end < this.#at + piece.length - 1 && this.#resumes < RESUMES) return null;
    return this.#client.resolve(answer.headers.get("location") ?? url.href, url);
  }

  /** Asks how far the upload has come; where it is gone, it begins anew. */
  async #resume(url: URL): Promise<URL> {
    this.#resumes++;
    const answer = await this.#client.call({ method: "GET", at: url });
    await drain(answer);
    const end = endOf(answer);
    if (answer.status === 204 && end !== null) {
      this.#at = end === 0 ? 0 : Math.min(end + 1, this.#descriptor.size);
      return this.#client.resolve(answer.headers.get("location") ?? url.href, url);
    }
    this.#at = 0;
    return (await begin(this.#client)).url;
  }

  /** The whole in one request (distribution-spec, "POST then PUT"), read piece by piece all the same. */
  async #sendWhole(url: URL): Promise<void> {
    const { size } = this.#descriptor;
    await this.#finish(url, { length: size, read: () => readBlob(this.#source, this.#descriptor) });
    this.#options.onBytes?.(size);
  }

  async #finish(url: URL, body?: LongBody): Promise<void> {
    const { digest } = this.#descriptor;
    const target = new URL(url);
    target.searchParams.set("digest", digest);
    const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/octet-stream" };
    const answer = await this.#client.call({ method: "PUT", at: target, headers, body });
    if (answer.status !== 201 && answer.status !== 204)
      throw await explainAnswer(answer, doing, this.#client.name, await this.#client.secrets());
    await drain(answer);
    const said = answer.headers.get("docker-content-digest");
    if (said?.startsWith("sha256:") === true && said !== digest)
      throw new EnvpackError("REGISTRY_FAILED", "the registry stored other bytes than it was sent", {
        path: this.#client.name,
        hint: "push again",
      });
  }
}

/** The last byte that the registry says it has, counted from 0; null where it does not say. */
function endOf({ headers }: Answer): number | null {
  const end = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(headers.get("range") ?? "")?.[1];
  return end === undefined ? null : Number(end);
}

/** What comes after so many bytes; those before are read all the same, since the whole is checked. */
async function* skip(bytes: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** Bytes in pieces of one length, the last shorter. */
async function* cut(bytes: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + length - size);
      waiting.push(part);
      size += part.length;
      from += part.length;
      if (size < length) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(waiting);
}
