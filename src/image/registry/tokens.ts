import { EnvpackError } from "../../support/errors.js";
import type { Credentials } from "./credentials.js";
import { readBody, type Answer, type Sending } from "./exchange.js";
import { isLoopback } from "./proxy.js";

/** What a registry asks for, by its `WWW-Authenticate` (RFC 9110; distribution's token specification). */
export type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service: string | null; readonly scope: string | null };

/** Characters of a challenge that are looked at, and bytes of a token's answer. */
const LONGEST = 4096;
const MAX_ANSWER = 1 << 20;

/** A scheme's name, or a parameter of the scheme before it (RFC 9110, 11.6.1): `name="value"`, `name=value`. */
const PART = /([A-Za-z][\w-]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?[\s,]*/y;

/**
 * The challenge that is answered, of several that may stand in a row, each with its own parameters: a token's before a
 * password's, as docker and podman choose; null where none is understood.
 */
export function readChallenge(header: string): Challenge | null {
  const text = header.slice(0, LONGEST);
  const schemes: { readonly name: string; readonly fields: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    const [, name = "", quoted, plain] = match;
    if (quoted === undefined && plain === undefined) schemes.push({ name: name.toLowerCase(), fields: new Map() });
    else schemes.at(-1)?.fields.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "");
  }
  const bearer = schemes.find(({ name, fields }) => name === "bearer" && fields.has("realm"))?.fields;
  if (bearer === undefined) return schemes.some(({ name }) => name === "basic") ? { kind: "basic" } : null;
  return {
    kind: "bearer",
    realm: bearer.get("realm") ?? "",
    service: bearer.get("service") ?? null,
    scope: bearer.get("scope") ?? null,
  };
}

export interface TokenRequest {
  readonly challenge: Challenge & { readonly kind: "bearer" };
  readonly scopes: readonly string[];
  readonly credentials: Credentials | null;
  /** The registry's own address. */
  readonly registry: URL;
  /** Hosts besides the registry's own domain that the password may be sent to. */
  readonly authHosts: readonly string[];
  readonly send: (sending: Sending) => Promise<Answer>;
}

/**
 * Has a token made. The registry says where, and whoever answers in its place could say anything: a password goes to a
 * host of the registry's own domain only, and never unencrypted to another machine.
 *
 * @throws EnvpackError REGISTRY_REFUSED, REGISTRY_FAILED
 */
export async function fetchToken(request: TokenRequest): Promise<string> {
  const { challenge, scopes, credentials, registry, send } = request;
  const realm = readRealm(challenge.realm, registry);
  if (credentials !== null) assertOwnHost(realm, request);
  const fields = new URLSearchParams();
  if (challenge.service !== null) fields.set("service", challenge.service);
  for (const scope of scopes) fields.append("scope", scope);
  const answer =
    credentials?.kind === "identity"
      ? await send(postIdentity(realm, fields, credentials.token, scopes))
      : await send(getToken(realm, fields, credentials));
  const body = await readBody(answer.body, MAX_ANSWER);
  if (answer.status === 401 || answer.status === 403 || answer.status === 400) throw refused(registry, credentials);
  const token = answer.status === 200 && body !== null ? readToken(body) : null;
  if (token !== null) return token;
  throw new EnvpackError("REGISTRY_FAILED", `what gives out the registry's tokens answered ${answer.status} and no token`, {
    path: realm.host,
    hint: "try again later",
  });
}

function getToken(realm: URL, fields: URLSearchParams, credentials: Credentials | null): Sending {
  const url = new URL(realm);
  for (const [name, value] of fields) url.searchParams.append(name, value);
  return { method: "GET", url, headers: credentials?.kind === "password" ? { Authorization: basic(credentials) } : {} };
}

function postIdentity(url: URL, fields: URLSearchParams, token: string, scopes: readonly string[]): Sending {
  const form = new URLSearchParams(fields);
  form.delete("scope");
  form.set("scope", scopes.join(" "));
  form.set("grant_type", "refresh_token");
  form.set("client_id", "envpack");
  form.set("refresh_token", token);
  return { method: "POST", url, headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: Buffer.from(form.toString()) };
}

export function basic({ user, password }: Credentials & { readonly kind: "password" }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function readToken(body: Buffer): string | null {
  try {
    const { token, access_token: access } = JSON.parse(body.toString("utf8")) as { token?: unknown; access_token?: unknown };
    const found = typeof token === "string" && token !== "" ? token : access;
    // It becomes a header.
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : null;
  } catch {
    return null;
  }
}

function readRealm(realm: string, registry: URL): URL {
  const found = URL.canParse(realm) ? new URL(realm) : null;
  if (found?.protocol === "https:") return found;
  // A registry that is spoken to in plain text may name itself, or this machine.
  if (found?.protocol === "http:" && registry.protocol === "http:" && (found.hostname === registry.hostname || isLoopback(found.hostname)))
    return found;
  throw new EnvpackError("REGISTRY_FAILED", "the registry names no safe address for its tokens", {
    path: registry.host,
    hint: "look whether this is the right registry",
  });
}

function assertOwnHost(realm: URL, { registry, authHosts }: TokenRequest): void {
  if (realm.hostname === registry.hostname || authHosts.includes(realm.hostname) || authHosts.includes(realm.host)) return;
  if (isName(realm.hostname) && isName(registry.hostname) && domainOf(realm.hostname) === domainOf(registry.hostname)) return;
  throw new EnvpackError(
    "REGISTRY_REFUSED",
    `the registry wants the password sent to another host, ${realm.host}, which is not done unasked`,
    {
      path: registry.host,
      hint: `if you know that host, allow it with --auth-host ${realm.host}`,
    },
  );
}

function isName(hostname: string): boolean {
  return hostname.includes(".") && !/^[\d.]+$|^\[/.test(hostname);
}

/** The last two labels, or three where the second is one of those that a country's registrar has ("co.uk"). */
function domainOf(hostname: string): string {
  const labels = hostname.split(".");
  const isShared = (labels.at(-1) ?? "").length === 2 && (labels.at(-2) ?? "").length <= 3;
  return labels.slice(isShared ? -3 : -2).join(".");
}

/** @param credentials what was tried; null: nothing was */
export function refused(registry: URL, credentials: Credentials | null): EnvpackError {
  const login = `log in: \`docker login ${registry.host}\` or \`podman login ${registry.host}\``;
  if (credentials === null) return new EnvpackError("REGISTRY_REFUSED", "the registry wants a login", { path: registry.host, hint: login });
  return new EnvpackError("REGISTRY_REFUSED", "the registry does not take the login: it is wrong, has expired, or may not do this", {
    path: registry.host,
    hint: `${login} again, or ask for the right to this repository`,
  });
}
