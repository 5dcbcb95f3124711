import { lstatSync, realpathSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import type { DevelopmentFlags, Project } from "./managers/manager.js";
import type { PackageJson } from "./package-json.js";

/**
 * The folders (relative to the root) of packages that only development needs: by the lockfile's
 * flags, or, where there is none that says so, those that cannot be reached from the project and
 * its members without going through their devDependencies.
 *
 * @param member the folder of the one member that is meant, with the root, whose packages it finds; null: all, and the root
 */
export function developmentPaths(project: Project, flags: DevelopmentFlags | null, member: string | null): ReadonlySet<string> {
  const paths = project.installed.map(({ path }) => path);
  if (flags !== null) return new Set(paths.filter((path) => flags.isDevelopment(path)));
  const fromAll = reachable(project, true, member);
  const inProduction = reachable(project, false, member);
  // What nothing reaches is not known to be for development.
  return new Set(paths.filter((path) => fromAll.has(path) && !inProduction.has(path)));
}

/** Folders reached from the project and its members over dependencies of every kind. */
function reachable(project: Project, withDevelopment: boolean, member: string | null): Set<string> {
  const jsonByPath = new Map<string, PackageJson | "broken">(project.installed.map(({ path, json }) => [path, json]));
  const all = [{ path: "", json: project.json }, ...project.members];
  for (const { path, json } of all) jsonByPath.set(path, json);
  const sources = member === null ? all : all.filter(({ path }) => path === member || path === "");
  const aliases = findAliases(project);
  const reached = new Set(sources.map(({ path }) => path));
  const pending = sources.map(({ path }) => path);
  const own = new Set(pending);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const json = jsonByPath.get(path);
    if (json === undefined || json === "broken") continue;
    const kinds = [json.dependencies, json.optionalDependencies, json.peerDependencies];
    if (withDevelopment && own.has(path)) kinds.push(json.devDependencies);
    for (const name of kinds.flatMap((kind) => [...kind.keys()])) {
      const found = resolvePackage(project.root, path, name, jsonByPath, aliases);
      if (found === null || reached.has(found)) continue;
      reached.add(found);
      pending.push(found);
    }
  }
  return reached;
}

/** Where Node finds `name` from a package's folder: the nearest node_modules above that has it, links resolved. */
function resolvePackage(
  root: string,
  from: string,
  name: string,
  known: ReadonlyMap<string, unknown>,
  aliases: ReadonlyMap<string, string>,
): string | null {
  for (let folder = from; ; folder = parentOf(folder)) {
    if (posix.basename(folder) !== "node_modules") {
      const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      if (known.has(candidate)) return candidate;
      const real = realPath(root, candidate);
      const found = aliases.get(real ?? "") ?? real;
      if (found !== null && known.has(found)) return found;
    }
    if (folder === "") return null;
  }
}

/** Where a node_modules folder is a link, packages in it have a real path that is not the one they were found by. */
function findAliases({ root, members, installed }: Project): ReadonlyMap<string, string> {
  const folders = ["", ...members.map(({ path }) => path)].map((path) => join(root, path, "node_modules"));
  if (!folders.some((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink())) return new Map();
  return new Map(installed.map(({ path }) => [realPath(root, path) ?? path, path]));
}

function parentOf(folder: string): string {
  const parent = posix.dirname(folder);
  return parent === "." ? "" : parent;
}

function realPath(root: string, path: string): string | null {
  try {
    return relative(root, realpathSync(join(root, path)))
      .split(sep)
      .join("/");
  } catch {
    return null;
  }
}
