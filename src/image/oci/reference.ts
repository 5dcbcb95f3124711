import { EnvpackError } from "../../support/errors.js";

/** The name of an image on a registry, as "ghcr.io/acme/shop:1.4.0". */
export interface Reference {
  /** Host, with its port where one was named: "docker.io", "127.0.0.1:5000". */
  readonly registry: string;
  /** "library/alpine", "acme/shop". */
  readonly repository: string;
  /** Null where a digest alone was named. */
  readonly tag: string | null;
  /** "sha256:…"; null where none was named. */
  readonly digest: string | null;
}

/** Docker Hub, by the name that it has in references. */
export const DOCKER_HUB = "docker.io";

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const LONGEST = 512;

/**
 * Reads the name of an image as docker does: a first part with a dot, a colon, or "localhost", is the registry's host;
 * without one it is Docker Hub, whose own images lie under "library/"; the tag is "latest" where neither tag nor digest is named.
 *
 * @throws EnvpackError USAGE; the text is not repeated where it could hold a password
 */
export function parseReference(text: string): Reference {
  const reference = readReference(text);
  if (reference !== null) return reference;
  // "user:password@host/…" is how a password would come here.
  const shown = text.includes("@") || text.length > LONGEST ? "this" : JSON.stringify(text);
  throw new EnvpackError("USAGE", `${shown} is not the name of an image`, {
    hint: "name it as HOST[:PORT]/REPOSITORY[:TAG], the repository in lower case, without a user or a password: as ghcr.io/acme/shop:1.4.0",
  });
}

/** The same of what may be something else: null where it is no reference. */
export function readReference(text: string): Reference | null {
  if (text.length > LONGEST) return null;
  const at = text.indexOf("@");
  const digest = at < 0 ? null : text.slice(at + 1);
  if (digest !== null && !DIGEST.test(digest)) return null;
  const { registry, rest } = splitHost(at < 0 ? text : text.slice(0, at));
  const colon = rest.lastIndexOf(":");
  const tag = colon < 0 ? null : rest.slice(colon + 1);
  const name = colon < 0 ? rest : rest.slice(0, colon);
  if ((tag !== null && !TAG.test(tag)) || !HOST.test(registry) || !name.split("/").every((part) => COMPONENT.test(part))) return null;
  const repository = registry === DOCKER_HUB && !name.includes("/") ? `library/${name}` : name;
  return { registry, repository, tag: tag ?? (digest === null ? "latest" : null), digest };
}

function splitHost(text: string): { readonly registry: string; readonly rest: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  if (!/[.:]/.test(first) && first !== "localhost") return { registry: DOCKER_HUB, rest: text };
  return { registry: first === "index.docker.io" ? DOCKER_HUB : first, rest: text.slice(slash + 1) };
}

/** The reference as it is written, with its registry always named. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}

/** Whether a word names an image on a registry rather than a file: it says the host, and reads as a reference. */
export function namesRegistry(word: string): boolean {
  const slash = word.indexOf("/");
  const first = slash < 1 ? "" : word.slice(0, slash);
  return (/[.:]/.test(first) || first === "localhost") && !first.startsWith(".") && readReference(word) !== null;
}

/** Letters, digits and single separators of any name: what a repository may be called. */
export function repositoryName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/^@/, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .replace(/-$/, "");
  return plain === "" ? "app" : plain;
}

/** What a version becomes as a tag. */
export function tagName(version: string | null): string {
  const plain = (version ?? "")
    .replaceAll(/[^\w.-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 128);
  return plain === "" ? "latest" : plain;
}
