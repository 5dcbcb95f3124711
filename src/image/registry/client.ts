import { setTimeout as pause } from "node:timers/promises";
import { DOCKER_HUB, type Reference } from "../oci/reference.js";
import { EnvpackError } from "../../support/errors.js";
import { explainNetwork } from "./answers.js";
import { findCredentials, type Credentials } from "./credentials.js";
import { drain, Exchange, type Answer, type Sending } from "./exchange.js";
import { isLoopback } from "./proxy.js";
import { basic, fetchToken, readChallenge, refused } from "./tokens.js";

export interface RegistryOptions {
  /** Speaks HTTP without TLS to a host that is not this machine. */
  readonly plainHttp?: boolean;
  /** Hosts besides the registry's own domain that the password may be sent to. */
  readonly authHosts?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Waits so many milliseconds; by default by the clock. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

export interface Call {
  readonly method: Sending["method"];
  /** Behind `/v2/REPOSITORY/`, or an address that the registry gave. */
  readonly at: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Sending["body"];
  /** Further scopes, of a repository that a blob is mounted from. */
  readonly scopes?: readonly string[];
}

/** How often what may go better next time is tried, and the longest that is waited for a registry that asks for patience. */
const TRIES = 5;
const MAX_WAIT = 60_000;
const MAX_REDIRECTS = 5;

const LATER = new Set([429, 502, 503, 504]);
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "EAI_AGAIN"]);
/** Of something that speaks plain HTTP where TLS was tried. */
const NO_TLS = new Set(["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST"]);

/** Speaks to one repository of a registry (distribution-spec 1.1), and logs in where it is asked to. */
export class RegistryClient {
  readonly reference: Reference;
  /** For messages: "ghcr.io/acme/shop". */
  readonly name: string;
  readonly #exchange: Exchange;
  readonly #options: RegistryOptions;
  readonly #push: boolean;
  #base: URL;
  /** Settles when it is known whether the registry speaks TLS. */
  #probed: Promise<void> | null;
  #credentials: Promise<Credentials | null> | null = null;
  /** What goes along as `Authorization`, by the scopes of other repositories that it is for as well. */
  readonly #authorizations = new Map<string, string>();

  /** @param push whether more than reading is wanted */
  constructor(reference: Reference, push: boolean, options: RegistryOptions = {}) {
    const { registry, repository } = reference;
    const host = registry === DOCKER_HUB ? "registry-1.docker.io" : registry;
    const plain = options.plainHttp === true;
    this.reference = reference;
    this.name = `${registry}/${repository}`;
    this.#push = push;
    this.#options = options;
    this.#base = new URL(`${plain ? "http" : "https"}://${host}/v2/${repository}/`);
    this.#probed = plain || !isLoopback(this.#base.hostname) ? Promise.resolve() : null;
    this.#exchange = new Exchange(options.env ?? process.env, options.signal);
  }

  /** What must never be told. */
  async secrets(): Promise<readonly string[]> {
    const found = await this.#credentials;
    const held = [...this.#authorizations.values()].map((value) => value.replace(/^\w+ /, ""));
    if (found === null || found === undefined) return held;
    return [found.kind === "password" ? found.password : found.token, ...held];
  }

  close(): void {
    this.#exchange.close();
  }

  /** An address that the registry gave, seen from one of its own. */
  resolve(location: string | undefined, from: string | URL): URL {
    const base = from instanceof URL ? from : new URL(from, this.#base);
    const url = location !== undefined && URL.canParse(location, base.href) ? new URL(location, base) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) throw this.#odd("it names no address to go on at");
    // Behind a proxy that ends TLS many a registry takes itself for one without; its own addresses are asked as it was named.
    if (url.protocol === "http:" && this.#base.protocol === "https:" && !this.#isOwn(url))
      throw this.#odd("it leads from TLS to plain HTTP");
    return url;
  }

  /**
   * One call, with a login where the registry asks for one, and again where it asks for patience. Redirects of what is
   * read are followed; another host is never sent the login.
   *
   * @throws EnvpackError ENGINE_UNREACHABLE, REGISTRY_REFUSED, REGISTRY_FAILED, INTERRUPTED
   */
  async call(call: Call): Promise<Answer> {
    let url = call.at instanceof URL ? call.at : new URL(call.at, this.#base);
    for (let redirects = 0; ; redirects++) {
      const { answer, url: asked } = await this.#callAt(url, call);
      if (!isRedirect(answer, call.method)) return answer;
      await drain(answer);
      if (redirects === MAX_REDIRECTS) throw this.#odd("it redirects without end");
      url = this.resolve(answer.headers.get("location"), asked);
      // One that was asked in plain text and wants TLS is not asked in plain text again.
      if (url.protocol === "https:" && this.#isOwn(url) && this.#base.protocol === "http:")
        this.#base = new URL(this.#base.href.replace(/^http:/, "https:"));
    }
  }

  async #callAt(url: URL, call: Call): Promise<{ readonly answer: Answer; readonly url: URL }> {
    for (let tries = 1, isAsked = false; ; tries++) {
      const { url: settled, answer } = await this.#send(url, call, tries);
      if (answer === null) continue;
      if (answer.status === 401 && !isAsked && this.#isOwn(settled)) {
        isAsked = true;
        await drain(answer);
        await this.#logIn(answer.headers.get("www-authenticate") ?? "", call.scopes ?? []);
        continue;
      }
      if (!(await this.#isLater(answer, tries))) return { answer, url: settled };
    }
  }

  /** Null where the connection broke and it is to be tried again. */
  async #send(
    url: URL,
    { method, headers, body, scopes }: Call,
    tries: number,
  ): Promise<{ readonly answer: Answer | null; readonly url: URL }> {
    const own = this.#isOwn(url);
    if (own) await (this.#probed ??= this.#probe());
    const held = own ? this.#authorizations.get((scopes ?? []).join(" ")) : undefined;
    const authorization: Record<string, string> = held === undefined ? {} : { Authorization: held };
    const to = own ? new URL(`${this.#base.protocol}//${this.#base.host}${url.pathname}${url.search}`) : url;
    try {
      const answer = await this.#exchange.send({
        method,
        url: to,
        headers: { ...headers, ...authorization, "User-Agent": "envpack" },
        body,
      });
      return { answer, url: to };
    } catch (error) {
      // Bytes of an upload that were half sent are the caller's to go on with.
      if (method === "PATCH") throw explainNetwork(error, this.name);
      await this.#waitOut(error, tries, this.name);
      return { answer: null, url: to };
    }
  }

  /** What listens on this machine may do without TLS; a certificate that is not trusted is another matter. */
  async #probe(): Promise<void> {
    try {
      await drain(await this.#exchange.send({ method: "GET", url: new URL("/v2/", this.#base) }));
    } catch (error) {
      if (NO_TLS.has((error as NodeJS.ErrnoException).code ?? "")) this.#base = new URL(this.#base.href.replace(/^https:/, "http:"));
    }
  }

  /** Whether an address is the registry's own, so that the login belongs there. */
  #isOwn(url: URL): boolean {
    return url.host === this.#base.host;
  }

  async #logIn(header: string, others: readonly string[]): Promise<void> {
    const challenge = readChallenge(header);
    this.#credentials ??= findCredentials(this.reference, this.#options.env ?? process.env);
    const credentials = await this.#credentials;
    const scopes = others.join(" ");
    if (challenge === null) throw this.#odd("it wants a login of a kind that is not known");
    if (credentials?.kind === "token") {
      this.#authorizations.set(scopes, `Bearer ${credentials.token}`);
      return;
    }
    if (challenge.kind === "basic") {
      if (credentials?.kind !== "password") throw refused(this.#base, credentials);
      this.#authorizations.set(scopes, basic(credentials));
      return;
    }
    const own = `repository:${this.reference.repository}:${this.#push ? "pull,push" : "pull"}`;
    const { authHosts = [] } = this.#options;
    const token = await fetchToken({
      challenge,
      scopes: [own, ...others],
      credentials,
      registry: this.#base,
      authHosts,
      send: (sending) => this.#askForToken(sending),
    });
    this.#authorizations.set(scopes, `Bearer ${token}`);
  }

  /** Those that give out tokens break and ask for patience as registries do. */
  async #askForToken(sending: Sending): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#exchange.send(sending);
        if (!(await this.#isLater(answer, tries))) return answer;
      } catch (error) {
        await this.#waitOut(error, tries, sending.url.host);
      }
    }
  }

  /** Whether an answer asks to come again later, and the time is over that it asks for. */
  async #isLater(answer: Answer, tries: number): Promise<boolean> {
    if (!LATER.has(answer.status) || tries >= TRIES) return false;
    await drain(answer);
    await this.#wait(patienceOf(answer, tries));
    return true;
  }

  /** Waits a while where a connection broke that may hold next time. @throws the error in words where it will not, or was tried often */
  async #waitOut(error: unknown, tries: number, place: string): Promise<void> {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!BROKEN.has(code) || tries >= TRIES || this.#options.signal?.aborted === true) throw explainNetwork(error, place);
    await this.#wait(1000 * 2 ** (tries - 1));
  }

  async #wait(milliseconds: number): Promise<void> {
    const { wait, signal } = this.#options;
    await (wait ?? ((time: number) => pause(time, undefined, { signal })))(milliseconds);
  }

  #odd(what: string): EnvpackError {
    return new EnvpackError("REGISTRY_FAILED", `the registry answers oddly: ${what}`, {
      path: this.name,
      hint: "look whether this is the right registry, and at what stands before it",
    });
  }
}

/** What is written is sent on only where the status says that it is to be sent as it was. */
function isRedirect({ status }: Answer, method: Call["method"]): boolean {
  if (status === 307 || status === 308) return true;
  return (status === 301 || status === 302 || status === 303) && (method === "GET" || method === "HEAD");
}

/** Milliseconds: what `Retry-After` asks for, within limits, else twice as long each time. */
function patienceOf({ headers }: Answer, tries: number): number {
  const asked = headers.get("retry-after") ?? "";
  const seconds = /^\d{1,9}$/.test(asked) ? Number(asked) : (Date.parse(asked) - Date.now()) / 1000;
  const wanted = Number.isFinite(seconds) ? seconds * 1000 : 1000 * 2 ** (tries - 1);
  return Math.min(MAX_WAIT, Math.max(0, wanted));
}
