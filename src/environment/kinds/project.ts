import { basename, join } from "node:path";
import { checkInstalled, isTraced, notInstalledAtAll, orTell } from "../check-installed.js";
import { EnvpackError } from "../../support/errors.js";
import { listTree } from "../../listing/listing.js";
import type { Notice } from "../../support/progress.js";
import { findAbove, noticeAbove } from "../above.js";
import { findBins } from "../bins.js";
import { findPackage } from "../closure.js";
import { developmentPaths } from "../development.js";
import type { Environment, InstalledPackage, OutsideTree } from "../environment.js";
import { findInstalled } from "../installed.js";
import { describeManager, detectManager } from "../managers/detect.js";
import { readLockedPlatforms } from "../managers/locked-platforms.js";
import type { PackageManager, Project, DevelopmentFlags } from "../managers/manager.js";
import { gatherOutside } from "../gather-outside.js";
import { below, findEveryNative, foldersOutside, findOutsideLinks, packagesOutside, placesOf, type OutsideLink } from "../outside.js";
import { NO_PACKAGE_JSON, readOwnPackageJson, type PackageJson } from "../package-json.js";
import { findPlatformFamilies, type PlatformFamily } from "../platform-families.js";
import { reachOf } from "../project-reach.js";
import { hasPnp, readPnpPackages } from "../pnp/packages.js";
import { findMembers, findPnpmMembers, findWorkspaceRoot, hasInstalled } from "../workspaces.js";
import type { ProjectPackages } from "./project-packages.js";
import type { ReadRequest } from "./read-request.js";
import { append } from "../../support/append.js";

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
  const checked = checkProject(project, manager, member, request);
  request.signal?.throwIfAborted();
  const pnp = hasPnp(project.root) ? orTell(() => readPnpPackages(project, member, checked.tell), checked.tell) : null;
  const found = pnp ?? readPackages(project, manager, member, checked.flags);
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
    above: rest.above,
    packages: rest.packages,
    bins: rest.bins,
    member: rest.member,
    pnp: rest.pnp,
    families: findFamilies(project, rest.packages, outside, rest.pnp),
    notices: [...checked.notices, ...rest.notices, ...noticeBroken(project), ...noticeExtraneous(project, checked.flags, rest.packages)],
  };
}

function findFamilies(
  { root, json, members, installed }: Project,
  packages: readonly InstalledPackage[],
  outside: readonly OutsideTree[],
  pnp: Environment["pnp"],
): readonly PlatformFamily[] {
  const known = new Map(installed.map((one) => [one.path, one.json]));
  const folders = foldersOutside(outside);
  const places = packages.filter(({ path }) => path !== "" && !members.some((member) => member.path === path));
  return findPlatformFamilies(
    { root, zips: pnp?.broughtIn },
    places.map(({ name, path }) => ({ name, path, folder: folders.get(path), json: known.get(path) })),
    [
      { name: json.name ?? basename(root), json },
      ...members.map((member) => ({ name: member.json.name ?? member.path, json: member.json })),
    ],
    () => readLockedPlatforms(root),
  );
}

async function findProject(root: string, json: PackageJson): Promise<Project> {
  const named = await findMembers(root, json.workspaces);
  const members = named.length > 0 ? named : findPnpmMembers(root);
  return { root, json, members, installed: findInstalled(root, ["", ...members.map((member) => member.path)]) };
}

/** What is installed in node_modules folders. */
function readPackages(project: Project, manager: PackageManager, member: string | null, flags: DevelopmentFlags | null): ProjectPackages {
  const { root, members, installed } = project;
  const focus = member === null ? ["", ...members.map(({ path }) => path)] : [member];
  const { declared, closure, undeclared } = reachOf(project, member);
  const folders = ["", ...members.map(({ path }) => path)].filter((path) => path === "" || closure?.has(path) !== false);
  // What was traced or pruned out of a larger installation left the rest of it behind on purpose.
  const traced = isTraced(project, manager);
  const above = traced ? [] : findAbove(root, declared.values());
  const links = [
    ...findOutsideLinks(
      root,
      folders,
      installed.filter(({ path }) => closure?.has(path) !== false),
    ),
    ...above,
  ];
  const development = developmentLinks(project, [...new Set(["", ...focus])], links);
  const isIdle = (link: OutsideLink): boolean => development.some(({ path }) => path === link.path);
  const idle = new Set(links.filter(isIdle).map(({ folder }) => folder));
  const listed = listPackages(project, flags, member);
  const outside = gatherOutside(root, links, { development: idle, packagesIn: ({ path }) => packagesBelow(listed, `${path}/`) });
  const modules = links.filter(({ kind }) => kind === "modules");
  const own = listed.filter(({ path }) => closure?.has(path) !== false && !modules.some((link) => path.startsWith(`${link.path}/`)));
  const packages = [...own, ...development, ...packagesOutside(outside)];
  const { bins, notices } = findBins(project, focus, placesOf(outside), links);
  return {
    packages: packages.sort((a, b) => (a.path < b.path ? -1 : 1)),
    bins: bins.map((bin) => ({ ...bin, nodePath: manager.nodePath?.(project, bin) })),
    member: closure === null || member === null ? null : { path: member, closure: closure.add("package.json"), undeclared },
    outside,
    above: above.map((link) => ({ path: link.path, folder: link.folder, dev: isIdle(link) })),
    links,
    pnp: null,
    notices: traced ? notices : [...notices, ...noticeAbove(root, above, outside)],
  };
}

function packagesBelow(packages: readonly InstalledPackage[], start: string): InstalledPackage[] {
  return packages.filter(({ path }) => path.startsWith(start)).map((one) => ({ ...one, path: one.path.slice(start.length) }));
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
  const what =
    first.kind === "modules" ? "its packages are a link out of the environment" : "a link leads to a package outside the environment";
  throw new EnvpackError("LINK_ESCAPES", `${what}: ${first.path}${more}`, {
    path: first.folder,
    hint: "bring such packages in with `--links bring`, or install copies of them",
  });
}

/** What would be refused, packed as it is. */
function noticeOf({ code, message, path }: EnvpackError): Notice {
  return { code, message: `${message}; packed as it is`, path };
}

interface Checked {
  readonly notices: readonly Notice[];
  readonly flags: DevelopmentFlags | null;
  /** Refuses, or tells of it where that was asked for. */
  readonly tell: (error: EnvpackError) => void;
}

/** What is wrong with the installation is refused, or told of where that was asked for; the lockfile is read along. */
function checkProject(project: Project, manager: PackageManager, member: string | null, { ignoreLock = false }: ReadRequest): Checked {
  const notices: Notice[] = [];
  const tell = (error: EnvpackError): void => {
    if (!ignoreLock) throw error;
    if (!notices.some(({ message, path }) => message === error.message && path === error.path)) notices.push(noticeOf(error));
  };
  if (isUninstalled(project, member)) tell(notInstalledAtAll(manager, project.root));
  else if (!hasPnp(project.root)) append(notices, checkInstalled({ project, manager, member, ignoreLock }));
  return { notices, flags: orTell(() => manager.readDevelopment(project), tell), tell };
}

/** A project without dependencies needs no node_modules; any other does. */
function isUninstalled({ root, json, members }: Project, member: string | null): boolean {
  if (hasInstalled(root) || (member !== null && hasInstalled(join(root, member)))) return false;
  const all =
    member === null ? [json, ...members.map((one) => one.json)] : members.filter(({ path }) => path === member).map((one) => one.json);
  const wanted = all.some((one) => one.dependencies.size + one.devDependencies.size > 0);
  if (!wanted && (members.length === 0 || member !== null)) return false;
  // Node looks into the folders above as well; what it does not find there is named later.
  const folder = member === null ? root : join(root, member);
  return !all.some((one) => [...one.dependencies.keys(), ...one.devDependencies.keys()].some((name) => findPackage(folder, name) !== null));
}

function listPackages(project: Project, flags: DevelopmentFlags | null, member: string | null): InstalledPackage[] {
  const { json, root, members, installed } = project;
  const development = developmentPaths(project, member === null ? flags : null, member);
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
function noticeExtraneous(project: Project, flags: DevelopmentFlags | null, packed: readonly InstalledPackage[]): Notice[] {
  if (flags === null) return [];
  const goingIn = new Set(packed.map(({ path }) => path));
  const strangers = project.installed.filter(({ path }) => goingIn.has(path) && !flags.isKnown(path));
  if (strangers.length === 0) return [];
  const names = strangers
    .slice(0, 5)
    .map(({ installedAs, json }) => (json === "broken" || json.version === null ? installedAs : `${installedAs}@${json.version}`));
  const more = strangers.length > 5 ? ` and ${strangers.length - 5} more` : "";
  const message = `installed, but not in ${flags.file}: ${names.join(", ")}${more}`;
  return [{ code: "EXTRANEOUS", message }];
}
