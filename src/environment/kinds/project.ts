import { existsSync } from "node:fs";
import { basename } from "node:path";
import { EnvpackError } from "../../errors.js";
import type { Notice } from "../../progress.js";
import { findBins } from "../bins.js";
import { developmentPaths } from "../development.js";
import type { Environment, InstalledPackage } from "../environment.js";
import { findInstalled } from "../installed.js";
import { describeManager, detectManager } from "../managers/detect.js";
import type { PackageManager, Project } from "../managers/manager.js";
import { findNatives } from "../natives.js";
import type { PackageJson } from "../package-json.js";
import { findMembers, findPnpmMembers, findWorkspaceRoot, hasInstalled } from "../workspaces.js";

/** A project with its installed packages, alone or as the root of a workspace. */
export async function readProject(
  root: string,
  json: PackageJson,
  signal: AbortSignal | undefined,
): Promise<Omit<Environment, "namedRoot" | "runtime">> {
  const manager = detectManager(root, json);
  const members = manager.name === "pnpm" ? findPnpmMembers(root) : await findMembers(root, json.workspaces);
  await refuseUninstalled(root, json, manager, members.map((member) => member.json));
  signal?.throwIfAborted();
  const installed = findInstalled(root, ["", ...members.map((member) => member.path)]);
  const project: Project = { root, json, members, installed };
  manager.checkInstalled(project);
  refuseMissing(project, manager);
  signal?.throwIfAborted();
  const packages = listPackages(project, manager);
  const { bins, notices } = findBins(project);
  return {
    kind: "project",
    name: json.name ?? basename(root),
    version: json.version,
    root,
    manager: describeManager(manager, root, json),
    packages,
    bins,
    natives: findNatives(root, packages),
    notices: [...notices, ...noticeBroken(project), ...noticeExtraneous(project, manager)],
  };
}

/** A project without dependencies needs no node_modules; any other does. */
async function refuseUninstalled(
  root: string,
  json: PackageJson,
  manager: PackageManager,
  members: readonly PackageJson[],
): Promise<void> {
  if (hasInstalled(root)) return;
  const above = await findWorkspaceRoot(root);
  if (above !== null) {
    throw new EnvpackError("WORKSPACE_MEMBER", "this is a member of a workspace; its dependencies lie above it", {
      path: root,
      hint: `pack the workspace itself: ${above}`,
    });
  }
  const wanted = [json, ...members].some((one) => one.dependencies.size + one.devDependencies.size > 0);
  if (!wanted && members.length === 0) return;
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
function refuseMissing(project: Project, manager: PackageManager): void {
  if (!existsSync(`${project.root}/node_modules`)) return;
  const missing: string[] = [];
  for (const { path, json } of [{ path: "", json: project.json }, ...project.members]) {
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

function listPackages(project: Project, manager: PackageManager): InstalledPackage[] {
  const { json, root, members, installed } = project;
  const development = developmentPaths(project, manager.readDevelopment(project));
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
