import {
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, posix, resolve } from "node:path";
import type { PlannedEntry } from "../../../archive/entry.js";
import type { Environment } from "../../../environment/environment.js";
import { findLocked } from "../../../environment/managers/detect.js";
import type { PackageManager } from "../../../environment/managers/manager.js";
import { below, isWithin } from "../../../environment/paths.js";
import { NO_PACKAGE_JSON, readOwnPackageJson, type PackageJson } from "../../../environment/package-json.js";
import { findMembers, findPnpmMembers, findWorkspaceRoot } from "../../../environment/workspaces.js";
import type { Candidate } from "../../../plan/candidate.js";
import type { LeftOut } from "../../../plan/plan.js";
import { Selection, type Decision, type SelectionOptions, type Standing } from "../../../plan/selection.js";
import { walkEnvironment } from "../../../plan/walk.js";
import type { WalkResult } from "../../../plan/walk-result.js";
import { EnvpackError } from "../../../support/errors.js";
import { copyWhole } from "./copy-whole.js";

/** A project's own files, copied into a folder where its packages can be installed afresh. */
export interface Stage {
  /** The project's root, or its workspace's, as it lies; absolute, links resolved. */
  readonly source: string;
  /** Its copy. */
  readonly root: string;
  /** The member that was named, relative to the root; "" for the root itself. */
  readonly member: string;
  /** By whose lockfile it is installed. */
  readonly locked: { readonly manager: PackageManager; readonly lockfile: string };
  /** Linked packages that lie outside the root, and their copies. */
  readonly linked: ReadonlyMap<string, string>;
  /** What was not copied since it does not go in. */
  readonly leftOut: readonly LeftOut[];
}

export type StageOptions = SelectionOptions & { readonly signal?: AbortSignal };

/** What managers put beside node_modules when they install, and put there again. */
const INSTALLED = [".pnp.cjs", ".pnp.loader.mjs", ".pnp.data.json", ".yarn/unplugged", ".yarn/install-state.gz", ".yarn/build-state.yml"];

/** What an installation reads, whatever is left out of the archive: files and folders, relative to the root. */
const READ_BY_MANAGERS = [
  ...["package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "deno.lock"],
  ...[".npmrc", ".yarnrc.yml", "bunfig.toml", "deno.json", "deno.jsonc", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".pnpmfile.mjs"],
  ...["patches", ".yarn/patches", ".yarn/plugins", ".yarn/releases", ".yarn/versions"],
];

/**
 * Copies what would go in of a project, without what is installed in it, and what its manager reads. The project is only
 * read: the copy is made in a folder that this user alone can enter.
 *
 * @param folder the project, or a workspace's member; absolute
 * @param scratch an empty folder
 */
export async function stageProject(folder: string, scratch: string, options: StageOptions): Promise<Stage> {
  const named = realpathSync(folder);
  const source = (await findWorkspaceRoot(named)) ?? named;
  const json = readOwnPackageJson(source) ?? NO_PACKAGE_JSON;
  const locked = findLocked(source, json);
  if (locked === null) throw noLockfile(source);
  const found = await findMembers(source, json.workspaces);
  const members = found.length > 0 ? found : findPnpmMembers(source);
  const importers = new Map([["", json], ...members.map((one): [string, PackageJson] => [one.path, one.json])]);
  const { folders: local, tarballs, packed } = findLocal(source, importers);
  const top = commonFolder([source, ...local.filter((one) => !isWithin(one, source)), ...tarballs.map((one) => dirname(one))]);
  const place = (path: string): string => join(scratch, "tree", top === path ? basename(path) : below(path, top));
  const root = place(source);
  const installed = [...importers.keys(), ...local.filter((one) => isWithin(one, source)).map((one) => below(one, source))];
  // TMPDIR may lie in the project.
  const isInstalled = new Set([...modulesOf(installed), ...(isWithin(scratch, source) ? [below(scratch, source)] : [])]);
  const walked = await walk(source, new StagingSelection(environmentAt(source, json), options, isInstalled), options);
  copyEntries(walked, { from: source, to: root });
  copyForManager(source, root, installed);
  for (const tarball of tarballs) {
    mkdirSync(dirname(place(tarball)), { recursive: true });
    copyFileSync(tarball, place(tarball), constants.COPYFILE_FICLONE);
  }
  const linked = new Map(local.filter((one) => !isWithin(one, source)).map((one) => [one, place(one)]));
  for (const [from, to] of linked)
    copyEntries(
      await walk(
        from,
        new StagingSelection(
          environmentAt(from, NO_PACKAGE_JSON),
          { ...options, rules: [], includeSecrets: [], output: null },
          modulesOf([""]),
        ),
        options,
      ),
      { from, to },
    );
  if (locked.manager.cross.frozen?.digestsFolders === true) for (const folder of packed) copyAnew(folder, place(folder));
  return {
    source,
    root,
    member: named === source ? "" : below(named, source),
    locked,
    linked,
    leftOut: walked.leftOut.filter(({ path }) => !isInstalled.has(path)),
  };
}

function modulesOf(folders: readonly string[]): ReadonlySet<string> {
  return new Set([...folders.map((folder) => posix.join(folder, "node_modules")), ...INSTALLED]);
}

/** Leaves out what is installed as well, whatever the user's rules say: another installation takes its place. */
class StagingSelection extends Selection {
  readonly #installed: ReadonlySet<string>;

  constructor(environment: Environment, options: SelectionOptions, installed: ReadonlySet<string>) {
    super(environment, options);
    this.#installed = installed;
  }

  override decide(candidate: Candidate, parent: Standing): Decision {
    const decision = super.decide(candidate, parent);
    return this.#installed.has(candidate.path) ? { ...decision, drop: { reason: "build", kind: "installed" }, closed: true } : decision;
  }
}

function walk(root: string, selection: Selection, { signal }: StageOptions): Promise<WalkResult> {
  return walkEnvironment({ root, arcpath: "", selection, signal });
}

/** As much of an environment as a selection asks for, of which nothing is installed. */
function environmentAt(root: string, { name, version }: PackageJson): Environment {
  return {
    kind: "project",
    name: name ?? basename(root),
    version,
    root,
    namedRoot: root,
    manager: null,
    packages: [],
    bins: [],
    runtime: null,
    natives: [],
    notices: [],
  };
}

interface Copy {
  readonly from: string;
  readonly to: string;
}

/** Hard links among what is copied stay hard links: they are told in the archive. */
function copyEntries({ entries, inodes }: WalkResult, { from, to }: Copy): void {
  const copies = new Map<string, string>();
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const target = join(to, entry.path);
    mkdirSync(dirname(target), { recursive: true });
    copyEntry(entry, target, { from, to }, copies, inodes.get(entry.path));
  }
}

function copyEntry(entry: PlannedEntry, target: string, { from, to }: Copy, copies: Map<string, string>, inode: string | undefined): void {
  if (entry.type === "directory") mkdirSync(target, { recursive: true });
  else if (entry.type === "symlink")
    symlinkSync(isAbsolute(entry.target) && isWithin(entry.target, from) ? join(to, below(entry.target, from)) : entry.target, target);
  else if (entry.type === "file" && entry.source.kind === "disk") {
    const first = inode === undefined ? undefined : copies.get(inode);
    if (first === undefined) copyFileSync(entry.source.file, target, constants.COPYFILE_FICLONE);
    else linkSync(first, target);
    if (inode !== undefined) copies.set(inode, first ?? target);
  }
}

/** What the user's rules left out, and the manager needs. It is left out of the archive by the same rules. */
function copyForManager(source: string, root: string, importers: readonly string[]): void {
  const wanted = [...READ_BY_MANAGERS, ...importers.flatMap((path) => [posix.join(path, "package.json"), posix.join(path, ".npmrc")])];
  for (const path of wanted) {
    if (existsSync(join(root, path)) || !existsSync(join(source, path))) continue;
    cpSync(join(source, path), join(root, path), { recursive: true, dereference: true });
  }
}

/** A folder whose digest stands in the lockfile: all of it, with its modes, and the copy that was made of what goes in is none. */
function copyAnew(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  copyWhole(from, to);
}

/** What package.json names by a path, absolute. */
interface Local {
  /** Of packages, by `file:`, `link:` and `portal:`. */
  readonly folders: readonly string[];
  /** Those of them that are named by `file:`, of which some managers install a copy. */
  readonly packed: readonly string[];
  readonly tarballs: readonly string[];
}

function findLocal(source: string, importers: ReadonlyMap<string, PackageJson>): Local {
  const found = new Set<string>();
  const packed = new Set<string>();
  const tarballs = new Set<string>();
  for (const [path, json] of importers) {
    for (const range of [json.dependencies, json.devDependencies, json.optionalDependencies].flatMap((kind) => [...kind.values()])) {
      const local = /^(?:file|link|portal):(?:\/\/)?(.+)$/.exec(range)?.[1];
      if (local === undefined) continue;
      const folder = resolve(source, path, local);
      if (existsSync(folder)) {
        (statSync(folder).isDirectory() ? found : tarballs).add(realpathSync(folder));
        if (range.startsWith("file:") && found.has(realpathSync(folder))) packed.add(realpathSync(folder));
      } else
        throw new EnvpackError("NOT_INSTALLED", `package.json names what is not there: ${range}`, {
          path: folder,
          hint: "put the package there, or mend package.json",
        });
    }
  }
  const isApart = (one: string): boolean => one !== source;
  return {
    folders: [...found].filter(isApart).sort(),
    packed: [...packed].filter((one) => !isWithin(source, one)).sort(),
    tarballs: [...tarballs].filter((one) => !isWithin(one, source)),
  };
}

function noLockfile(source: string): EnvpackError {
  return new EnvpackError("LOCKFILE_UNFIT", "there is no lockfile, which alone tells what to install for another platform", {
    path: source,
    hint: "write one with the project's package manager, as `npm install --package-lock-only`",
  });
}

function commonFolder(folders: readonly string[]): string {
  const [first = "/", ...others] = folders;
  let common = first;
  while (others.some((one) => !isWithin(one, common))) common = dirname(common);
  return common;
}

/** Whether two files hold the same: what an installation may not change. */
export function isSameFile(a: string, b: string): boolean {
  return existsSync(a) === existsSync(b) && (!existsSync(a) || readFileSync(a).equals(readFileSync(b)));
}
