import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Notice } from "../../progress.js";
import type { Environment, InstalledPackage } from "../environment.js";
import { findInstalled } from "../installed.js";
import { findNatives } from "../natives.js";
import { findPrefixBins } from "../prefixes/bins.js";
import { isCondaPrefix, readConda } from "../prefixes/conda.js";
import { findDenoNeeds } from "../prefixes/deno.js";
import { readLayout, type PrefixLayout } from "../prefixes/layout.js";

/**
 * A prefix: a runtime with its global packages, the global packages of npm, pnpm, Yarn 1, Bun or Deno, a
 * nodeenv, or a conda prefix. Null where the folder is none.
 *
 * @param root absolute, links resolved
 */
export function readPrefix(root: string): Omit<Environment, "namedRoot" | "runtime"> | null {
  const layout = readLayout(root);
  if (layout === null) return null;
  const packages = listPackages(root, layout);
  const deno = findDenoNeeds(root);
  return {
    kind: isCondaPrefix(root) ? "conda" : "prefix",
    name: nameOf(root),
    version: null,
    root,
    resolveFrom: layout.importers[0],
    manager: layout.manager,
    packages,
    bins: findPrefixBins(root, layout.commands),
    natives: findNatives(root, packages),
    conda: isCondaPrefix(root) ? readConda(root) : undefined,
    programs: new Map(deno.program === null ? [] : [["deno", deno.program]]),
    notices: [...deno.notices, ...noticeActivate(root)],
  };
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

function listPackages(root: string, { importers, stored }: PrefixLayout): readonly InstalledPackage[] {
  return findInstalled(root, [...new Set([...importers, ...stored])]).map(({ path, installedAs, json }) => ({
    name: (json === "broken" ? null : json.name) ?? installedAs,
    version: (json === "broken" ? null : json.version) ?? "0.0.0",
    path,
    dev: false,
  }));
}

/** nodeenv's and conda's own scripts of that name work for the old place only. */
function noticeActivate(root: string): Notice[] {
  if (!existsSync(join(root, "bin/activate"))) return [];
  const message = "bin/activate of the prefix names its old place: envpack's own takes its place";
  return [{ code: "ACTIVATE_REPLACED", message, path: "bin/activate" }];
}
