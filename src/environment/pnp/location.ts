import { posix } from "node:path";

/**
 * Where a package lies, taken apart. A virtual path gives a package with peers a place of its own for each
 * set of them: `.yarn/__virtual__/HASH/N/REST` stands for REST, N folders above `.yarn`.
 * Source: yarnpkg.com/advanced/pnp-spec#virtual-paths
 */
export interface PnpLocation {
  /** Relative to the folder of .pnp.cjs, without virtual parts: "../home/cache/x.zip/node_modules/x". */
  readonly path: string;
  /** The folder that holds `__virtual__` and the hash; null: the location is no virtual one. */
  readonly virtual: { readonly folder: string; readonly hash: string } | null;
}

const VIRTUAL = /^(.*?)(?:__virtual__|\$\$virtual)\/([^/]+)\/(\d+)\/(.*)$/;

export function parseLocation(location: string): PnpLocation {
  const match = VIRTUAL.exec(location);
  if (match === null) return { path: normalize(location), virtual: null };
  const [, folder = "", hash = "", depth = "0", rest = ""] = match;
  const path = posix.join(folder, "../".repeat(Number(depth)), rest);
  return { path: normalize(path), virtual: { folder: normalize(folder), hash } };
}

/** The location as .pnp.cjs writes it, with "./" before what lies below and "/" at the end. */
export function formatLocation({ path, virtual }: PnpLocation): string {
  if (virtual === null) return dotted(path === "" ? "./" : `${path}/`);
  return dotted(`${formatPath({ path, virtual })}/`);
}

/** As formatLocation, without the dots. */
export function formatPath({ path, virtual }: PnpLocation): string {
  if (virtual === null) return path;
  const rest = posix.relative(virtual.folder === "" ? "." : virtual.folder, path === "" ? "." : path);
  const climbs = /^(\.\.\/|\.\.$)*/.exec(rest)?.[0] ?? "";
  const depth = climbs.split("..").length - 1;
  return posix.join(virtual.folder, "__virtual__", virtual.hash, String(depth), rest.slice(climbs.length));
}

/** The archive that holds a location, and the package's folder in it; null where it lies in none. */
export function splitZip(path: string): { readonly zip: string; readonly inside: string } | null {
  const match = /^(.*?\.zip)(?:\/(.*))?$/.exec(path);
  return match === null ? null : { zip: match[1] as string, inside: match[2] ?? "" };
}

function normalize(path: string): string {
  const plain = posix.normalize(path).replace(/(?<!\/)\/+$/, "");
  return plain === "." ? "" : plain;
}

function dotted(path: string): string {
  return path.startsWith("../") || path.startsWith("./") || path.startsWith("/") ? path : `./${path}`;
}
