import { EnvpackError, explainError } from "../../support/errors.js";
import { readBody, type Answer } from "./exchange.js";

/** Bytes of a refusal that are read, and characters of what it says that are told. */
const MAX_BODY = 64 << 10;
const MAX_WORDS = 200;

/**
 * What a registry's refusal becomes (distribution-spec, "Error codes").
 *
 * @param doing as in "cannot push to the registry"
 * @param place a reference
 * @param secrets what must not be told, should the registry repeat it
 */
export async function explainAnswer(
  { status, body }: Answer,
  doing: string,
  place: string,
  secrets: readonly string[],
): Promise<EnvpackError> {
  const said = readWords(await readBody(body, MAX_BODY).catch(() => null));
  const words = secrets.reduce((text, secret) => (secret === "" ? text : text.replaceAll(secret, "***")), said);
  const what = words === "" ? `it answered ${status}` : `${words} (${status})`;
  const [code, hint] = meaningOf(status, said);
  return new EnvpackError(code, `${doing}: ${what}`, { path: place, hint });
}

function meaningOf(status: number, said: string): readonly ["REGISTRY_REFUSED" | "REGISTRY_FAILED", string] {
  if (status === 401) return ["REGISTRY_REFUSED", "log in again: `docker login` or `podman login`"];
  if (status === 403 || status === 405 || /DENIED/.test(said))
    return ["REGISTRY_REFUSED", "ask for the right to this repository, or name one that you may write to"];
  if (status === 404)
    return ["REGISTRY_REFUSED", "look at the spelling; some registries want a repository made before anything is pushed to it"];
  if (status === 429) return ["REGISTRY_FAILED", "it takes no more for now: try again later, or log in for a higher limit"];
  if (status === 413 || status === 507)
    return ["REGISTRY_FAILED", "its disk or quota is full, or something before it takes no such long request"];
  return ["REGISTRY_FAILED", "try again; if it stays so, look at the registry's log"];
}

/** `{"errors":[{"code":"DENIED","message":"…"}]}` */
function readWords(body: Buffer | null): string {
  try {
    const { errors } = JSON.parse(body?.toString("utf8") ?? "") as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = Array.isArray(errors) ? errors : [];
    const words = [first?.code, first?.message].filter((part): part is string => typeof part === "string" && part !== "");
    return words
      .join(": ")
      .replaceAll(/[\u0000-\u001f\u007f]+/g, " ")
      .slice(0, MAX_WORDS);
  } catch {
    return "";
  }
}

/** System codes in words that a user knows. */
const WORDS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["ENOTFOUND", ["no machine has this name", "look at the spelling of the host"]],
  ["EAI_AGAIN", ["the name cannot be looked up now", "look at the network"]],
  ["ECONNREFUSED", ["nothing listens there", "start the registry, or look at the host and port"]],
  ["ECONNRESET", ["the connection was closed", "try again"]],
  ["EPIPE", ["the connection was closed", "try again"]],
  ["ETIMEDOUT", ["no answer for a minute", "look at the network, or try again later"]],
  ["EPROXY", ["the proxy refuses", "look at HTTPS_PROXY and NO_PROXY"]],
  ["EPROTO", ["it does not speak TLS", "name the port that does; --plain-http where none does"]],
  ["ERR_SSL_WRONG_VERSION_NUMBER", ["it does not speak TLS", "name the port that does; --plain-http where none does"]],
]);

/** What OpenSSL names the alerts (RFC 8446, 6.2) by which the other side refuses what it was shown. */
const SHOWN = /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/;
const CERTIFICATES = /CERT|SELF_SIGNED|ISSUER|ALTNAME/;

/** What a failed connection becomes. */
export function explainNetwork(error: unknown, place: string): unknown {
  if (error instanceof EnvpackError || !(error instanceof Error)) return error;
  const { code = "", name } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || code === "ABORT_ERR") return explainError(Object.assign(error, { name: "AbortError" }), "interrupted");
  const [what, hint] = wordsOfTls(code) ?? WORDS.get(code) ?? [`${code === "" ? "the connection failed" : code}`, "try again"];
  return new EnvpackError("ENGINE_UNREACHABLE", `the registry cannot be reached: ${what}`, { path: place, hint, cause: error });
}

function wordsOfTls(code: string): readonly [string, string] | null {
  if (SHOWN.test(code))
    return [
      `it wants to be shown a certificate, or does not take the one that it was shown (${code})`,
      "put one that it takes into ~/.docker/certs.d/HOST:PORT/ as client.cert, and its key as client.key",
    ];
  if (!CERTIFICATES.test(code)) return null;
  return [
    `its certificate is not trusted (${code})`,
    "put its authority's certificate into ~/.docker/certs.d/HOST:PORT/ca.crt, or name it by NODE_EXTRA_CA_CERTS",
  ];
}
