import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import { listTree } from "../../listing/listing.js";
import type { Notice } from "../../support/progress.js";
import type { Environment, InstalledPackage, OutsideTree } from "../environment.js";
import { findInstalled, joinPath, type InstalledFolder } from "../installed.js";
import { gatherOutside } from "../gather-outside.js";
import { findEveryNative, findOutsideLinks, foldersOutside } from "../outside.js";
import { findPlatformFamilies, type PlatformFamily } from "../platform-families.js";
import { findPrefixBins } from "../prefixes/bins.js";
import { isCondaPrefix, readConda } from "../prefixes/conda.js";
import { findDenoNeeds } from "../prefixes/deno.js";
import { readLayout } from "../prefixes/layout.js";
import { refuseLinks } from "./project.js";
import type { ReadRequest } from "./read-request.js";

/** They hold a lib/node_modules where a distribution's node is installed, and the whole system beside it. */
const SYSTEM = new Set(["/", "/usr"]);

/**
 * A prefix: a runtime with its global packages, the global packages of npm, pnpm, Yarn 1, Bun or Deno, a
 * nodeenv, or a conda prefix. Null where the folder is none.
 *
 * @param root absolute, links resolved
 */
export async function readPrefix(
  root: string,
  { links = "bring", lister }: ReadRequest,
): Promise<Omit<Environment, "namedRoot" | "runtime"> | null> {
  if (SYSTEM.has(root)) {
    throw new EnvpackError("NOT_AN_ENVIRONMENT", "this is the system's own folder, not a prefix that can travel", {
      path: root,
      hint: "pack a project, or a runtime of a version manager with -n",
    });
  }
  const layout = readLayout(root);
  if (layout === null) return null;
  lister?.start(root);
  const folders = [...new Set([...layout.importers, ...layout.stored])];
  const installed = findInstalled(root, folders);
  const outsideLinks = findOutsideLinks(root, folders, installed);
  if (links === "refuse") refuseLinks(outsideLinks);
  const outside = gatherOutside(root, outsideLinks);
  const packages = listPackages(installed, outside);
  const deno = findDenoNeeds(root);
  const listing = (await lister?.listing(root)) ?? listTree(root);
  return {
    kind: isCondaPrefix(root) ? "conda" : "prefix",
    name: nameOf(root),
    version: null,
    root,
    resolveFrom: layout.importers,
    manager: layout.manager,
    packages,
    bins: findPrefixBins(root, layout.commands, outside),
    natives: findEveryNative(listing, packages, outside).map((native) => ({
      ...native,
      file: inArchive(native.file),
      package: inArchive(native.package),
    })),
    outside,
    families: findFamilies(root, packages, installed, outside),
    conda: isCondaPrefix(root) ? readConda(root) : undefined,
    programs: new Map(deno.program === null ? [] : [["deno", deno.program]]),
    notices: [...deno.notices, ...noticeActivate(root)],
  };
}

function findFamilies(
  root: string,
  packages: readonly InstalledPackage[],
  installed: readonly InstalledFolder[],
  outside: readonly OutsideTree[],
): readonly PlatformFamily[] {
  const known = new Map(installed.map((one) => [one.path, one.json]));
  const folders = new Map([...foldersOutside(outside)].map(([path, folder]) => [inArchive(path), folder]));
  return findPlatformFamilies(
    { root },
    packages.map(({ name, path }) => ({ name, path, folder: folders.get(path), json: known.get(path) })),
    [],
  );
}

/** The node of a prefix, absolute; null where it has none. */
export function ownNode(root: string): string | null {
  const file = join(root, "bin/node");
  return existsSync(file) ? file : null;
}

/** What version managers call the folder of a runtime says nothing: then it is a node. */
function nameOf(root: string): string {
  const name = basename(root);
  return /^v?\d+(\.\d+)*$/.test(name) || name === "installation" || name === "" ? "node" : name;
}

/** What is brought in lies beside a project, but below a prefix, which is the archive's root. */
function inArchive(path: string): string {
  return path.startsWith("../") ? path.slice("../".length) : path;
}

function listPackages(installed: readonly InstalledFolder[], outside: readonly OutsideTree[]): readonly InstalledPackage[] {
  const own = installed.map(({ path, installedAs, json }) => ({
    name: (json === "broken" ? null : json.name) ?? installedAs,
    version: (json === "broken" ? null : json.version) ?? "0.0.0",
    path,
    dev: false,
  }));
  const brought = outside.flatMap(({ arcpath, packages }) =>
    packages.map(({ name, version, path }) => ({ name, version, path: joinPath(arcpath, path), dev: false })),
  );
  return [...own, ...brought].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** nodeenv's and conda's own scripts of that name work for the old place only. */
function noticeActivate(root: string): Notice[] {
  if (!existsSync(join(root, "bin/activate"))) return [];
  const message = "bin/activate of the prefix names its old place: envpack's own takes its place";
  return [{ code: "ACTIVATE_REPLACED", message, path: "bin/activate" }];
}
