import { posix } from "node:path";
import { parse } from "yaml";
import type { ComponentHash } from "./component.js";
import { isObject, readObject } from "./package-facts.js";

/** What a package manager noted of where a package came from. */
export interface Origin {
  readonly hashes: readonly ComponentHash[];
  /** The address it was fetched from; null where it is not noted, or leads to the manager's registry. */
  readonly source: string | null;
}

/** Tells the origin of the package in a folder. */
export type FindOrigin = (folder: string, name: string, version: string) => Origin | null;

/** The records that managers leave in what they installed, by the ends of their paths. */
const NPM = /(?:^|\/)node_modules\/\.package-lock\.json$/;
const PNPM = /(?:^|\/)node_modules\/\.pnpm\/lock\.yaml$/;

export function isInstallRecord(path: string): boolean {
  return NPM.test(path) || PNPM.test(path);
}

/** Reads a record; what is damaged of it tells nothing. */
export function readInstallRecord(path: string, content: Buffer): FindOrigin {
  return NPM.test(path) ? readNpm(posix.dirname(posix.dirname(path)), content) : readPnpm(posix.dirname(path), content);
}

/** npm's hidden lockfile has the path of each folder. */
function readNpm(root: string, content: Buffer): FindOrigin {
  const packages = readObject(content)?.packages;
  const origins = new Map(Object.entries(isObject(packages) ? packages : {}).filter(([, one]) => isObject(one)));
  return (folder, _name, version) => {
    const one = origins.get(posix.relative(root === "." ? "" : root, folder)) as Record<string, unknown> | undefined;
    return one === undefined || one.version !== version ? null : originOf(one.integrity, one.resolved);
  };
}

/** pnpm's has names and versions, and what is no registry's package in `resolution`. */
function readPnpm(store: string, content: Buffer): FindOrigin {
  const packages = parseYaml(content)?.packages;
  const origins = new Map(Object.entries(isObject(packages) ? packages : {}));
  return (folder, name, version) => {
    if (!folder.startsWith(`${store}/`)) return null;
    const one = origins.get(`${name}@${version}`) ?? origins.get(`/${name}@${version}`);
    const resolution = isObject(one) && isObject(one.resolution) ? one.resolution : null;
    return resolution === null ? null : originOf(resolution.integrity, resolution.tarball ?? resolution.repo);
  };
}

function parseYaml(content: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = parse(content.toString("utf8"));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function originOf(integrity: unknown, resolved: unknown): Origin {
  return {
    hashes: typeof integrity === "string" ? readIntegrity(integrity) : [],
    source: typeof resolved === "string" ? withoutUser(resolved) : null,
  };
}

const ALGORITHMS = new Map([
  ["sha1", ["SHA-1", 20]],
  ["sha256", ["SHA-256", 32]],
  ["sha384", ["SHA-384", 48]],
  ["sha512", ["SHA-512", 64]],
] as const);

/** Subresource integrity (w3.org/TR/SRI), as "sha512-BASE64 sha1-BASE64". */
export function readIntegrity(text: string): ComponentHash[] {
  return text.split(/\s+/).flatMap((one) => {
    const [, name = "", base64 = ""] = /^(\w+)-([\w+/=]+)/.exec(one) ?? [];
    const known = ALGORITHMS.get(name as "sha1");
    const bytes = Buffer.from(base64, "base64");
    return known === undefined || bytes.length !== known[1] ? [] : [{ algorithm: known[0], hex: bytes.toString("hex") }];
  });
}

/** Addresses of private registries may name a user and a password. */
function withoutUser(address: string): string | null {
  if (/^(?:file|link):/.test(address)) return null;
  return address.replace(/^([\w+.-]+:\/\/)[^/@]*@/, (_all, scheme: string) => (scheme.includes("ssh") ? `${scheme}git@` : scheme));
}
