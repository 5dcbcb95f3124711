import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { plainId } from "../../environment/managers/deno/lockfile.js";
import { packageName } from "../../environment/managers/yarn-graph.js";
import { parseYarn1Lock } from "../../environment/managers/yarn1/lockfile.js";
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

/** Those of packages say how they were developed. */
function outsideModules(name: string): RegExp {
  return new RegExp(`^(?!(?:.*/)?node_modules/)(?:.*/)?${name.replaceAll(".", "\\.")}$`);
}

interface RecordKind {
  /** The end of its path. */
  readonly ends: RegExp;
  /** Whose lockfile counts, of a manager that leaves no record in node_modules; null: what lies there is of the installation itself. */
  readonly manager: string | null;
  readonly read: (path: string, content: Buffer) => FindOrigin;
}

/**
 * What managers leave in what they installed, and lockfiles of those that leave nothing: packing has looked that what is
 * installed is what these say. Yarn 4 notes checksums of its own archives only.
 */
const KINDS: readonly RecordKind[] = [
  {
    ends: /(?:^|\/)node_modules\/\.package-lock\.json$/,
    manager: null,
    read: (path, content) => readNpm(posix.dirname(posix.dirname(path)), content),
  },
  {
    ends: /(?:^|\/)node_modules\/\.pnpm\/lock\.yaml$/,
    manager: null,
    read: (path, content) => byIdentity(posix.join(path, "../../.."), originsOfPnpm(content)),
  },
  { ends: outsideModules("yarn.lock"), manager: "yarn", read: (path, content) => byIdentity(posix.dirname(path), originsOfYarn1(content)) },
  { ends: outsideModules("bun.lock"), manager: "bun", read: (path, content) => byIdentity(posix.dirname(path), originsOfBun(content)) },
  { ends: outsideModules("deno.lock"), manager: "deno", read: (path, content) => byIdentity(posix.dirname(path), originsOfDeno(content)) },
];

/**
 * The reader of a record; null: the file is none. What is damaged of a record tells nothing.
 *
 * @param manager the one that installed the environment
 */
export function readerOfRecord(path: string, manager: string | null): RecordKind["read"] | null {
  return KINDS.find(({ ends, manager: own }) => (own === null || own === manager) && ends.test(path))?.read ?? null;
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

/** Of records that have names and versions. What lay outside of the project is in `links/`, and what pnpm's global packages share in its store's `links/`. */
function byIdentity(root: string, origins: readonly (readonly [string, Origin])[]): FindOrigin {
  const byId = new Map<string, Origin | null>();
  for (const [id, origin] of origins) {
    const known = byId.get(id);
    // One name and version from two places: nothing tells which of them lies where.
    byId.set(id, known === undefined || isDeepStrictEqual(known, origin) ? origin : null);
  }
  return (folder, name, version) =>
    root === "." || folder.startsWith(`${root}/`) || /(?:^|\/)links\//.test(folder) ? (byId.get(`${name}@${version}`) ?? null) : null;
}

/** pnpm's has what is no registry's package in `resolution`. */
function originsOfPnpm(content: Buffer): [string, Origin][] {
  const packages = parseYaml(content)?.packages;
  return Object.entries(isObject(packages) ? packages : {}).flatMap(([id, one]) => {
    const resolution = isObject(one) && isObject(one.resolution) ? one.resolution : null;
    return resolution === null
      ? []
      : [[id.replace(/^\//, ""), originOf(resolution.integrity, resolution.tarball ?? resolution.repo)] as [string, Origin]];
  });
}

function originsOfYarn1(content: Buffer): [string, Origin][] {
  const entries = parseYarn1Lock(content.toString("utf8")) ?? [];
  return entries.map(({ descriptors: [first = ""], version, integrity, resolved }) => [
    `${packageName(first)}@${version}`,
    originOf(integrity, resolved?.replace(/#[0-9a-f]*$/, "")),
  ]);
}

/** Lists of `["name@version", registry, {…}, integrity]`, the registry's own being "". */
function originsOfBun(content: Buffer): [string, Origin][] {
  const packages = parseYaml(content)?.packages;
  return Object.values(isObject(packages) ? packages : {}).flatMap((one) => {
    const [id, source] = Array.isArray(one) ? (one as unknown[]) : [];
    const integrity = Array.isArray(one) ? (one as unknown[]).at(-1) : undefined;
    return typeof id === "string" ? [[id, originOf(integrity, source === "" ? undefined : source)] as [string, Origin]] : [];
  });
}

/** Behind the version may stand the peers that it was resolved with: "a@1.0.0_b@2.0.0". */
function originsOfDeno(content: Buffer): [string, Origin][] {
  const packages = readObject(content)?.npm;
  return Object.entries(isObject(packages) ? packages : {}).map(([key, one]) => [
    plainId(key),
    originOf(isObject(one) ? one.integrity : undefined, isObject(one) ? one.tarball : undefined),
  ]);
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
