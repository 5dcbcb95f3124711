import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { EnvpackError } from "../../errors.js";
import { listTree } from "../../listing/listing.js";
import type { Notice } from "../../progress.js";
import { findBins } from "../bins.js";
import { findClosure } from "../closure.js";
import { developmentPaths } from "../development.js";
import type { Environment, InstalledPackage } from "../environment.js";
import { findInstalled } from "../installed.js";
import { describeManager, detectManager } from "../managers/detect.js";
import type { PackageManager, Project } from "../managers/manager.js";
import { below, findEveryNative, findOutsideLinks, gatherOutside, isWithin, packagesOutside, placesOf, type OutsideLink } from "../outside.js";
import { NO_PACKAGE_JSON, readOwnPackageJson, type PackageJson } from "../package-json.js";
import { hasPnp, readPnpPackages } from "../pnp/packages.js";
import { findMembers, findPnpmMembers, findWorkspaceRoot, hasInstalled } from "../workspaces.js";
import type { ProjectPackages } from "./project-packages.js";
import type { ReadRequest } from "./read-request.js";

/**
 * A project with its installed packages: alone, as the root of a workspace, or as a workspace's member
 * with just what it needs of the workspace; then `root` is the workspace's.
 *
 * @param folder the project's or the member's, absolute, links resolved
 * @param json of that folder
 */
export async function readProject(
  folder: string,
  json: PackageJson,
  request: ReadRequest,
): Promise<Omit<Environment, "namedRoot" | "runtime">> {
  const above = await findWorkspaceRoot(folder);
  request.lister?.start(above ?? folder);
  const project = await findProject(above ?? folder, above === null ? json : (readOwnPackageJson(above) ?? NO_PACKAGE_JSON));
  const member = above === null ? null : below(folder, above);
  const manager = detectManager(project.root, project.json);
  refuseUninstalled(project, manager, member);
  request.signal?.throwIfAborted();
  manager.checkInstalled(project);
  const found = hasPnp(project.root) ? readPnpPackages(project, member) : readPackages(project, manager, member);
  const { outside = [], ...rest } = found;
  if (request.links === "refuse") refuseLinks(found.links);
  const listing = (await request.lister?.listing(project.root)) ?? listTree(project.root);
  return {
    kind: "project",
    name: json.name ?? basename(folder),
    version: json.version,
    root: project.root,
    manager: describeManager(manager, project.root, project.json),
    resolveFrom: member === null ? undefined : [member],
    natives: findEveryNative(listing, rest.packages, outside),
    outside,
    packages: rest.packages,
    bins: rest.bins,
    member: rest.member,
    pnp: rest.pnp,
    notices: [...rest.notices, ...noticeBroken(project), ...noticeExtraneous(project, manager)],
  };
}

async function findProject(root: string, json: PackageJson): Promise<Project> {
  const named = await findMembers(root, json.workspaces);
  const members = named.length > 0 ? named : findPnpmMembers(root);
  return { root, json, members, installed: findInstalled(root, ["", ...members.map((member) => member.path)]) };
}

/** What is installed in node_modules folders. */
function readPackages(project: Project, manager: PackageManager, member: string | null): ProjectPackages {
  const { root, members, installed } = project;
  const focus = member === null ? ["", ...members.map(({ path }) => path)] : [member];
  refuseMissing(project, manager, focus);
  const closure = member === null ? null : findClosure([join(root, member)], true);
  const scope = closure === null ? null : new Set([...closure.keys()].filter((one) => isWithin(one, root)).map((one) => below(one, root)));
  const links = findOutsideLinks(root, focus, scope === null ? installed : installed.filter(({ path }) => scope.has(path)));
  const development = developmentLinks(project, focus, links);
  const idle = links.filter(({ path }) => development.some((one) => one.path === path)).map(({ folder }) => folder);
  const outside = gatherOutside(root, [...new Set(links.map(({ folder }) => folder))], new Set(idle));
  const own = listPackages(project, manager, member).filter(({ path }) => scope === null || scope.has(path));
  const packages = [...own, ...development, ...packagesOutside(outside)];
  const { bins, notices } = findBins(project, focus, placesOf(outside), links);
  return {
    packages: packages.sort((a, b) => (a.path < b.path ? -1 : 1)),
    bins: bins.map((bin) => ({ ...bin, nodePath: manager.nodePath?.(project, bin) })),
    member: scope === null || member === null ? null : { path: member, closure: scope.add("package.json") },
    outside,
    links,
    pnp: null,
    notices,
  };
}

/** Links out of the root that only development needs: they are left out like its packages. */
function developmentLinks({ json, members }: Project, focus: readonly string[], links: readonly OutsideLink[]): InstalledPackage[] {
  const named = focus.map((path) => (path === "" ? json : members.find((member) => member.path === path)?.json));
  const isNeeded = (name: string): boolean =>
    named.some((one) => one?.dependencies.has(name) || one?.optionalDependencies.has(name) || one?.peerDependencies.has(name));
  const isDevelopment = (name: string): boolean => named.some((one) => one?.devDependencies.has(name)) && !isNeeded(name);
  return links.filter(({ name }) => isDevelopment(name)).map(({ path, name }) => ({ name, version: "0.0.0", path, dev: true }));
}

/** Throws LINK_ESCAPES naming the first of these links. */
export function refuseLinks(links: readonly OutsideLink[]): void {
  const [first, ...others] = links;
  if (first === undefined) return;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  throw new EnvpackError("LINK_ESCAPES", `a link leads to a package outside the environment: ${first.path}${more}`, {
    path: first.folder,
    hint: "bring such packages in with `--links bring`, or install copies of them",
  });
}

/** A project without dependencies needs no node_modules; any other does. */
function refuseUninstalled({ root, json, members }: Project, manager: PackageManager, member: string | null): void {
  if (hasInstalled(root) || (member !== null && hasInstalled(join(root, member)))) return;
  const all = member === null ? [json, ...members.map((one) => one.json)] : members.filter(({ path }) => path === member).map((one) => one.json);
  const wanted = all.some((one) => one.dependencies.size + one.devDependencies.size > 0);
  if (!wanted && (members.length === 0 || member !== null)) return;
  throw new EnvpackError("NOT_INSTALLED", "the project's dependencies are not installed: there is no node_modules", {
    path: root,
    hint: `install them with \`${installCommand(root, manager)}\``,
  });
}

/** `npm ci` needs a lockfile. */
function installCommand(root: string, manager: PackageManager): string {
  const locked = manager.lockfiles.some((name) => existsSync(`${root}/${name}`));
  return locked ? manager.install : `${manager.name} install`;
}

/** Refuses where package.json asks for packages that nothing installed, as after an edit by hand. */
function refuseMissing(project: Project, manager: PackageManager, focus: readonly string[]): void {
  const missing: string[] = [];
  for (const { path, json } of [{ path: "", json: project.json }, ...project.members]) {
    if (!focus.includes(path)) continue;
    for (const name of json.dependencies.keys()) {
      const isThere = [path, ""].some((folder) => existsSync([project.root, folder, "node_modules", name].join("/")));
      if (!isThere && !json.optionalDependencies.has(name)) missing.push(name);
    }
  }
  if (missing.length === 0) return;
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : "";
  throw new EnvpackError("NOT_INSTALLED", `package.json names what is not installed: ${missing.slice(0, 5).join(", ")}${more}`, {
    path: project.root,
    hint: `install it with \`${manager.name} install\``,
  });
}

function listPackages(project: Project, manager: PackageManager, member: string | null): InstalledPackage[] {
  const { json, root, members, installed } = project;
  const flags = member === null ? manager.readDevelopment(project) : null;
  const development = developmentPaths(project, flags, member);
  const own = { name: json.name ?? basename(root), version: json.version ?? "0.0.0", path: "", dev: false };
  const sisters = members.map(({ path, json: member }) => ({
    name: member.name ?? basename(path),
    version: member.version ?? "0.0.0",
    path,
    dev: development.has(path),
  }));
  const rest = installed.map(({ path, installedAs, json: found }) => ({
    name: (found === "broken" ? null : found.name) ?? installedAs,
    version: (found === "broken" ? null : found.version) ?? "0.0.0",
    path,
    dev: development.has(path),
  }));
  const packages = [own, ...sisters, ...rest.filter(({ path }) => !members.some((member) => member.path === path))];
  return packages.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function noticeBroken(project: Project): Notice[] {
  return project.installed
    .filter(({ json }) => json === "broken")
    .map(({ path }) => ({ code: "PACKAGE_JSON_BROKEN", message: "a package's package.json is not valid JSON", path }));
}

/** Packages that the lockfile does not know are packed all the same: they may be there on purpose. */
function noticeExtraneous(project: Project, manager: PackageManager): Notice[] {
  const flags = manager.readDevelopment(project);
  if (flags === null) return [];
  const strangers = project.installed.filter(({ path }) => !flags.isKnown(path));
  if (strangers.length === 0) return [];
  const names = strangers.slice(0, 5).map(({ installedAs }) => installedAs);
  const more = strangers.length > 5 ? ` and ${strangers.length - 5} more` : "";
  const message = `installed, but not in ${flags.file}: ${names.join(", ")}${more}`;
  return [{ code: "EXTRANEOUS", message }];
}
