import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { enumerate } from "../support/enumerate.js";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { findPackage, isPackageName } from "./closure.js";
import { readPackageJson } from "./package-json.js";
import { joinPath } from "./installed.js";
import { hasInstalled, installCommand, repairCommand } from "./managers/detect.js";
import type { InstallRecord, PackageManager, Project, RecordedPackage } from "./managers/manager.js";
import { findUnresolved } from "./unresolved.js";

/** Ends the hint of every refusal about what is installed. */
const WAY_PAST = "or pack what is there with `--ignore-lock`";

/** What a check is about. */
export interface InstallationCheck {
  readonly project: Project;
  readonly manager: PackageManager;
  /** The folder of the one member that is packed; null: all, and the root. */
  readonly member: string | null;
  /** Whatever is missing or damaged is only told of. */
  readonly ignoreLock: boolean;
}

/**
 * Looks whether what goes in is there as the package manager left it: damage is what differs from the manager's own
 * record, never what differs from a lockfile, since many states of an installation are legal that are not the
 * lockfile's. Where a manager keeps no record, packages must find what they declare.
 *
 * @returns what was noticed and does not stop the packing
 * @throws EnvpackError NOT_INSTALLED where nothing, or not what package.json names, is installed; LOCK_MISMATCH where an installation is damaged
 */
export function checkInstalled(check: InstallationCheck): Notice[] {
  const { project, manager, member, ignoreLock } = check;
  const notices: Notice[] = [];
  const tell = (error: EnvpackError | null): void => {
    if (error === null) return;
    if (!ignoreLock) throw error;
    notices.push({ code: error.code, message: `${error.message}; packed as it is`, path: error.path });
  };
  const record = orTell(() => manager.readRecord(project), tell);
  const folders = member === null ? ["", ...project.members.map(({ path }) => path)] : [member];
  const isBare = (path: string): boolean => member === null && path !== "" && record?.importers?.has(path) === false;
  const missing = folders.filter((path) => !isBare(path)).flatMap((path) => findMissing(project, path, isTraced(project, manager)));
  tell(findDamage(check, record, folders, missing.length === 0));
  const others = missing.filter((name) => !isRecorded(record, name));
  // Of what was traced or pruned something is left.
  if (hasInstalled(manager, project.root) || project.installed.length === 0) tell(notInstalled(check, others));
  else if (missing.length > 0) notices.push(noticePruned(missing));
  return [...notices, ...noticeBare(folders.filter(isBare))];
}

/** What cannot be read is told of like any other damage, and then is as if it were not there. */
export function orTell<T>(read: () => T, tell: (error: EnvpackError) => void): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EnvpackError)) throw error;
    tell(error);
    return null;
  }
}

/** Nothing is installed at all, though something is declared. */
export function notInstalledAtAll(manager: PackageManager, root: string): EnvpackError {
  return new EnvpackError("NOT_INSTALLED", "the project's dependencies are not installed: there is no node_modules", {
    path: root,
    hint: `install them with \`${installCommand(manager, root)}\`, ${WAY_PAST}`,
  });
}

/** package.json asks for packages that nothing installed, as after an edit by hand. */
function notInstalled({ project: { root }, manager }: InstallationCheck, missing: readonly string[]): EnvpackError | null {
  if (missing.length === 0) return null;
  return new EnvpackError("NOT_INSTALLED", `package.json names what is not installed: ${enumerate(missing)}`, {
    path: root,
    hint: `install it with \`${manager.install.fresh}\`, ${WAY_PAST}`,
  });
}

/**
 * Whether this is what a build traced or pruned out of a project that lies around it, as Next's standalone output: no
 * manager says that it installed here, and a folder above holds the same project.
 */
export function isTraced({ root, json, installed }: Project, manager: PackageManager): boolean {
  if (installed.length === 0 || json.name === null || hasInstalled(manager, root)) return false;
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    const above = readPackageJson(folder);
    if (typeof above !== "string" && above.name === json.name && above.version === json.version) return true;
    if (folder === dirname(folder)) return false;
  }
}

/** Names that a package.json declares and Node does not find from its folder; of what was traced, within the root. */
function findMissing({ root, json, members }: Project, path: string, traced: boolean): string[] {
  const own = path === "" ? json : members.find((one) => one.path === path)?.json;
  const names = [...(own?.dependencies.keys() ?? [])].filter((name) => own?.optionalDependencies.has(name) !== true);
  return names.filter((name) => {
    for (let folder = path; ; folder = posix.dirname(folder) === "." ? "" : posix.dirname(folder)) {
      if (!isPackageName(name) || existsSync(join(root, folder, "node_modules", name))) return false;
      // Above the root a folder is searched as well, by what Node takes for a package there.
      if (folder === "") return traced || findPackage(root, name) === null;
    }
  });
}

function isRecorded(record: InstallRecord | null, name: string): boolean {
  return record?.packages.some((one) => one.name === name) ?? false;
}

function findDamage(
  { project, manager, member }: InstallationCheck,
  record: InstallRecord | null,
  folders: readonly string[],
  isReachable: boolean,
): EnvpackError | null {
  const { root } = project;
  if (record === null) return hasInstalled(manager, root) ? damaged(manager, root, "not whole", findUnresolved(root, folders)) : null;
  const recorded = member === null ? record.packages : record.neededBy(member);
  return damaged(manager, root, `not what ${record.file} says`, compare(project, recorded, isReachable));
}

/** @param faults how it differs, a few words a package */
function damaged(manager: PackageManager, root: string, what: string, faults: readonly string[]): EnvpackError | null {
  if (faults.length === 0) return null;
  return new EnvpackError("LOCK_MISMATCH", `node_modules is ${what}: ${enumerate(faults)}`, {
    path: root,
    hint: `bring back what was installed with \`${repairCommand(manager, root)}\`, ${WAY_PAST}`,
  });
}

/**
 * A few words for each recorded package that is not there as it was installed, in the record's order. Where a record
 * tells no places, no package at all is found, and yet what is declared can be reached, they lie elsewhere: nothing is said then.
 */
function compare({ root, members, installed }: Project, recorded: readonly RecordedPackage[], isReachable: boolean): string[] {
  const byPath = new Map(installed.map((folder) => [folder.path, folder]));
  const byName = new Map<string, { broken: boolean; versions: Set<string> }>();
  for (const { installedAs, json } of installed) {
    const names = json === "broken" || json.name === null ? [installedAs] : [installedAs, json.name];
    for (const name of names) {
      const known = byName.get(name) ?? { broken: false, versions: new Set() };
      if (json === "broken") known.broken = true;
      else known.versions.add(plainVersion(json.version ?? ""));
      byName.set(name, known);
    }
  }
  const stored = idsInStore(installed);
  // A link to a folder elsewhere is not among what is installed, and is there all the same.
  const isLinked = (name: string): boolean =>
    isPackageName(name) && ["", ...members.map(({ path }) => path)].some((folder) => existsSync(join(root, folder, "node_modules", name)));
  const faults = recorded.map((one) => {
    const found = byName.get(one.name);
    if (one.path === null) return found === undefined && isLinked(one.name) ? null : compareByName(one, found);
    const fault = compareByPath(root, one, one.path, byPath.get(one.path));
    return fault === MISSING && stored.has(`${one.name}@${one.version ?? ""}`) ? null : fault;
  });
  const isElsewhere = isReachable && installed.length === 0 && recorded.every(({ path }) => path === null);
  return isElsewhere ? [] : [...new Set(faults.flatMap((fault, index) => describeFault(recorded[index] as RecordedPackage, fault) ?? []))];
}

/** npm 10 records a flat layout of what its linked strategy puts into `.store`. */
function idsInStore(installed: Project["installed"]): ReadonlySet<string> {
  const inStore = installed.filter(({ path }) => path.includes("node_modules/.store/"));
  return new Set(inStore.map(({ installedAs, json }) => `${installedAs}@${json === "broken" ? "" : (json.version ?? "")}`));
}

const MISSING = "is missing";
const BROKEN = "has a broken package.json";

function describeFault({ name, version, optional }: RecordedPackage, fault: string | null): string | null {
  if (fault === null || (fault === MISSING && optional)) return null;
  return `${version === null ? name : `${name}@${version}`} ${fault}`;
}

function compareByName({ version }: RecordedPackage, found: { broken: boolean; versions: ReadonlySet<string> } | undefined): string | null {
  if (found === undefined) return MISSING;
  if (version === null || found.versions.has(plainVersion(version))) return null;
  return found.broken ? BROKEN : MISSING;
}

function compareByPath(
  root: string,
  { version, link }: RecordedPackage,
  path: string,
  folder: Project["installed"][number] | undefined,
): string | null {
  if (folder === undefined) {
    // Links, and what holds no package.json, are not among what is installed.
    return existsSync(join(root, path)) && (link || version === null) ? null : MISSING;
  }
  if (folder.json === "broken") return BROKEN;
  const found = folder.json.version;
  return version === null || found === null || plainVersion(found) === plainVersion(version) ? null : `is installed as ${found}`;
}

/** npm takes "v1.0.0" and "1.0.0" for the same, and build marks are no part of what is compared. */
function plainVersion(version: string): string {
  return (version.split("+", 1)[0] ?? "").replace(/^[v=]+/, "");
}

/** Nobody wrote down an installation: what was traced, pruned or copied together is packed as it is. */
function noticePruned(missing: readonly string[]): Notice {
  const message = `package.json names what is not there: ${enumerate(missing)}; no package manager left a record of an installation, so this is packed as the pruned or traced output of a build`;
  return { code: "PRUNED", message };
}

function noticeBare(paths: readonly string[]): Notice[] {
  if (paths.length === 0) return [];
  return [
    {
      code: "MEMBER_NOT_INSTALLED",
      message: `what these members need was not installed: ${enumerate(paths.map((path) => joinPath("", path)))}`,
    },
  ];
}
