import { createHash, type Hash } from "node:crypto";
import { digestEntries } from "../../archive/digest-entries.js";
import { META, type Entry } from "../../archive/entry.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import type { PackageRecord } from "../../manifest/manifest.js";

/** What tells whether two environments hold the same, without their files: SHA-256s in hex. */
export interface Digests {
  /** Over all entries. The same of an archive, whatever its compression, and of what was restored from it. */
  readonly content: string;
  /** Over the entries of each package, in the order of the manifest's list. */
  readonly packages: readonly string[];
  /** Over the entries that belong to no package, but the manifest: a change of any package shows in that. */
  readonly others: string;
}

/** Digests of an environment, of its packages each, and of what is left. */
export function digestPackages(entries: readonly Entry[], packages: readonly PackageRecord[]): Digests {
  const ownerOf = packageFinder(packages);
  const hashes = new Map<string | null, Hash>([[null, createHash("sha256")]]);
  for (const { path } of packages) hashes.set(path, createHash("sha256"));
  for (const entry of entries) if (entry.path !== META.manifest) hashes.get(ownerOf(entry.path)?.path ?? null)?.update(encodeEntry(entry));
  const finished = new Map([...hashes].map(([path, hash]) => [path, hash.digest("hex")]));
  const digestOf = (path: string | null): string => finished.get(path) ?? "";
  return { content: digestEntries(entries), packages: packages.map(({ path }) => digestOf(path)), others: digestOf(null) };
}

/** Tells which package an arcpath belongs to: the deepest whose folder holds it, or is it. */
export function packageFinder(packages: readonly PackageRecord[]): (path: string) => PackageRecord | null {
  const folders = new Map<string, PackageRecord | null>(packages.map((one) => [one.path, one]));
  const known = new Map<string, PackageRecord | null>();
  const ownerOf = (path: string): PackageRecord | null => {
    const own = folders.get(path) ?? known.get(path);
    if (own !== undefined) return own;
    const slash = path.lastIndexOf("/");
    const owner = slash < 0 ? (folders.get("") ?? null) : ownerOf(path.slice(0, slash));
    known.set(path, owner);
    return owner;
  };
  return ownerOf;
}
