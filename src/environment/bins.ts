import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import type { Notice } from "../support/progress.js";
import { isPackageName } from "./closure.js";
import type { Bin } from "./environment.js";
import { joinPath } from "./installed.js";
import type { Project } from "./managers/manager.js";
import { below, isWithin, type OutsideLink } from "./outside.js";
import { asObject, readPackageJson, type PackageJson } from "./package-json.js";
import { readProgramStart } from "./program-start.js";
import { isOwnCommand } from "./own-commands.js";
import { findStarted, ownerName, type StartedBin } from "./started-bin.js";

/** Commands that a package may have: a hundred times what the largest toolchains have. */
const MOST_COMMANDS = 2000;

interface Found {
  readonly bins: readonly Bin[];
  readonly notices: readonly Notice[];
}

/** A package whose commands are asked for, wherever it lies. */
export interface BinOwner {
  /** Its folder relative to the root, "" for the root itself. */
  readonly path: string;
  readonly json: PackageJson;
  /** The command, or why it is none, as the end of a sentence. */
  readonly readBin: (name: string, file: string) => Bin | string;
  /** Names of the files in a folder of the package; empty where there is none. */
  readonly filesIn: (folder: string) => readonly string[];
  /** Packages that were linked into it without being its dependencies, as `npm link` does. */
  readonly linked?: readonly string[];
  /** What its `node_modules/.bin`, or one above it, starts under a name; null where that has no such command. Absent: there is no `.bin`. */
  readonly started?: (name: string) => StartedBin | null;
}

/** A dependency of the package in `folder`; null where there is none. */
export type Locate = (folder: string, name: string) => BinOwner | null;

/**
 * The commands of a project: of each of the given packages in turn its own and those of its direct dependencies. Where
 * several packages have one of the same name, `.bin` says which it is; where that says nothing, the first in this
 * order. A notice names both.
 *
 * @param owners the project, then the members of its workspace
 */
export function collectBins(owners: readonly BinOwner[], locate: Locate): Found {
  const bins = new Map<string, StartedBin>();
  const notices: Notice[] = [];
  for (const owner of owners) {
    const claims = claimsOf(owner, locate);
    for (const claim of claims) add(claim, claim.isOwn ? null : startedBin(owner, claim, claims));
  }
  const sorted = [...bins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { bins: sorted.map(({ owner: _owner, ...bin }) => bin), notices };

  function add({ name, bin, owner }: Claim, started: StartedBin | null): void {
    if (name === null) {
      notices.push({ code: "BIN_SKIPPED", message: `${owner} has ${typeof bin === "string" ? bin : ""}` });
      return;
    }
    const [first, ...others] = [started, typeof bin === "string" ? null : { ...bin, owner }].filter((one) => one !== null);
    if (first === undefined) {
      notices.push({ code: "BIN_SKIPPED", message: `${owner}'s command ${JSON.stringify(name)} ${typeof bin === "string" ? bin : ""}` });
      return;
    }
    // The first one stays.
    const winner = bins.get(name) ?? first;
    bins.set(name, winner);
    for (const one of [first, ...others]) if (one.file !== winner.file) noticeClash(one, winner);
  }

  function noticeClash(bin: StartedBin, winner: StartedBin): void {
    const message = `the command ${bin.name} is that of ${winner.owner}; the one of ${bin.owner} is not put into bin/`;
    if (!notices.some((notice) => notice.message === message)) notices.push({ code: "BIN_CLASH", message });
  }
}

/** A package's word that it has a command. */
interface Claim {
  /** null: it has so many that none is taken. */
  readonly name: string | null;
  /** The command, or why it is none, as the end of a sentence. */
  readonly bin: Bin | string;
  /** The package as a reader knows it. */
  readonly owner: string;
  /** Of the packed package itself: no `.bin` of its own says anything about that. */
  readonly isOwn: boolean;
}

/** What a package and its direct dependencies say of their commands, in the order in which the first one wins. */
function claimsOf(source: BinOwner, locate: Locate): Claim[] {
  const claims = (one: BinOwner, owner: string, isOwn: boolean): Claim[] => {
    const declared = declaredBins(one);
    if (declared.length > MOST_COMMANDS)
      return [{ name: null, bin: `${declared.length} commands: more than ${MOST_COMMANDS} are not put into bin/`, owner, isOwn }];
    return declared.map(([name, file]) => ({ name, bin: checkName(name) ?? one.readBin(name, file), owner, isOwn }));
  };
  const names = [...new Set([...directDependencies(source.json), ...(source.linked ?? [])])];
  const others = names.flatMap((name) => {
    const found = locate(source.path, name);
    return found === null ? [] : claims(found, ownerName(name, found.json), false);
  });
  return [...claims(source, ownerName(source.json.name ?? source.path, source.json), true), ...others];
}

/** What `.bin` starts under a claimed name: by the words of the claim that it agrees with, where there is one. */
function startedBin({ started }: BinOwner, { name }: Claim, claims: readonly Claim[]): StartedBin | null {
  const found = name !== null && checkName(name) === null ? (started?.(name) ?? null) : null;
  if (found === null) return null;
  const claim = claims.find(({ name: other, bin }) => other === name && typeof bin !== "string" && bin.file === found.file);
  return { ...found, owner: claim?.owner ?? found.owner };
}

/**
 * The commands of a project whose packages lie in node_modules folders.
 *
 * @param folders of the packages whose commands and dependencies' commands are meant
 * @param places where folders outside the root will lie, seen from the root
 * @param links out of the root
 */
export function findBins(project: Project, folders: readonly string[], places: Places, links: readonly OutsideLink[]): Found {
  const owners = folders.flatMap((folder) => {
    const json = folder === "" ? project.json : project.members.find((member) => member.path === folder)?.json;
    const linked = links.filter(({ path, name }) => path === joinPath(folder, `node_modules/${name}`)).map(({ name }) => name);
    const started = (name: string): StartedBin | null =>
      findStarted(project.root, folder, name, (file) => placeOf(project.root, file, places));
    return json === undefined ? [] : [{ ...ownerOnDisk(project.root, folder, json, places), linked, started }];
  });
  return collectBins(owners, (folder, name) => locate(project.root, folder, name, places));
}

/** By the folder (absolute), the path relative to the root that it gets. */
export type Places = ReadonlyMap<string, string>;

/** Names of what a package depends on, sorted. */
export function directDependencies(json: PackageJson): string[] {
  const names = [json.dependencies, json.optionalDependencies, json.devDependencies].flatMap((map) => [...map.keys()]);
  return [...new Set(names)].sort();
}

/** A dependency as Node would find it from `folder`, with links resolved; null where it does not go in. */
function locate(root: string, folder: string, name: string, places: Places): BinOwner | null {
  if (!isPackageName(name)) return null;
  for (let from = folder; ; from = posix.dirname(from) === "." ? "" : posix.dirname(from)) {
    const candidate = join(root, from, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) {
      const path = placeOf(root, candidate, places);
      const json = path === null ? "absent" : readPackageJson(candidate);
      if (path === null || json === "absent" || json === "broken") return null;
      return ownerOnDisk(root, path, json, places, realpathSync(candidate));
    }
    if (from === "") return null;
  }
}

function ownerOnDisk(root: string, path: string, json: PackageJson, places: Places, disk = join(root, path)): BinOwner {
  return {
    path,
    json,
    readBin: (name, file) => {
      const target = join(disk, file);
      if (!existsSync(target) || !statSync(target).isFile()) return missing(file);
      const real = placeOf(root, target, places);
      if (real === null) return "lies outside the environment";
      return { name, file: real, ...readProgramStart(realpathSync(target)) };
    },
    filesIn: (folder) => {
      const inside = posix.normalize(folder);
      if (inside.startsWith("..") || posix.isAbsolute(inside) || !existsSync(join(disk, inside))) return [];
      return readdirSync(join(disk, inside), { withFileTypes: true })
        .filter((file) => file.isFile())
        .map(({ name }) => name);
    },
  };
}

/** Name and file of each command, in npm's three forms: a text, an object, a folder of files. */
export function declaredBins({ json, filesIn }: BinOwner): [string, string][] {
  if (typeof json.bin === "string") return json.name === null ? [] : [[json.name.replace(/^@[^/]*\//, ""), json.bin]];
  const map = asObject(json.bin);
  if (map !== null) {
    return Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  }
  const { binFolder } = json;
  return binFolder === null ? [] : filesIn(binFolder).map((name) => [name, posix.join(binFolder, name)]);
}

function checkName(name: string): string | null {
  if (!/^[^/\\\0-\x1f\x7f]+$/.test(name) || name.startsWith(".") || name.startsWith("-")) return "has a name that no file in bin/ can have";
  return isOwnCommand(name) ? "would take the place of envpack's own file" : null;
}

/** Why a command is none, as the end of a sentence. */
export function missing(file: string): string {
  return `names a file that is not there: ${JSON.stringify(basename(file))}`;
}

/** The path with links resolved, relative to the root as it will lie; null where it does not go in. */
function placeOf(root: string, path: string, places: Places): string | null {
  const real = realpathSync(path);
  if (isWithin(real, root)) return below(real, root);
  for (const [folder, place] of places) {
    if (isWithin(real, folder)) return joinPath(place, below(real, folder));
  }
  return null;
}
