import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import type { Notice } from "../progress.js";
import { isPackageName } from "./closure.js";
import type { Bin } from "./environment.js";
import { joinPath } from "./installed.js";
import type { Project } from "./managers/manager.js";
import { below, isWithin, type OutsideLink } from "./outside.js";
import { asObject, readPackageJson, type PackageJson } from "./package-json.js";
import { readStart } from "./program-start.js";

/** `bin/` holds these already: a package of that name must not take their place. */
const RESERVED = new Set(["node", "envpack"]);
const RESERVED_PREFIX = /^(de)?activate(\.|$)/;

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
}

/** A dependency of the package in `folder`; null where there is none. */
type Locate = (folder: string, name: string) => BinOwner | null;

/**
 * The commands of a project: of each of the given packages in turn its own and those of its direct
 * dependencies. Where two have the same name the first in this order wins, and a notice says so.
 *
 * @param owners the project, then the members of its workspace
 */
export function collectBins(owners: readonly BinOwner[], locate: Locate): Found {
  const bins = new Map<string, Bin & { owner: string }>();
  const notices: Notice[] = [];
  for (const owner of owners) {
    addBins(owner);
    for (const name of new Set([...directDependencies(owner.json), ...(owner.linked ?? [])])) {
      const found = locate(owner.path, name);
      if (found !== null) addBins(found);
    }
  }
  const sorted = [...bins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { bins: sorted.map(({ owner: _owner, ...bin }) => bin), notices };

  function addBins(source: BinOwner): void {
    const owner = source.json.name ?? (source.path === "" ? "the project" : source.path);
    for (const [name, file] of declaredBins(source)) {
      const bin = checkName(name) ?? source.readBin(name, file);
      const other = bins.get(name);
      if (typeof bin === "string") {
        notices.push({ code: "BIN_SKIPPED", message: `${owner}'s command ${JSON.stringify(name)} ${bin}` });
      } else if (other === undefined) {
        bins.set(name, { ...bin, owner });
      } else if (other.file !== bin.file) {
        const message = `the command ${name} is ${other.owner}'s; the one of ${owner} is not put into bin/`;
        notices.push({ code: "BIN_CLASH", message });
      }
    }
  }
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
    return json === undefined ? [] : [{ ...ownerOnDisk(project.root, folder, json, places), linked }];
  });
  return collectBins(owners, (folder, name) => locate(project.root, folder, name, places));
}

/** By the folder (absolute), the path relative to the root that it gets. */
export type Places = ReadonlyMap<string, string>;

function directDependencies(json: PackageJson): string[] {
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
      return { name, file: real, ...readStart(realpathSync(target)) };
    },
    filesIn: (folder) => {
      const inside = posix.normalize(folder);
      if (inside.startsWith("..") || posix.isAbsolute(inside) || !existsSync(join(disk, inside))) return [];
      return readdirSync(join(disk, inside), { withFileTypes: true }).filter((file) => file.isFile()).map(({ name }) => name);
    },
  };
}

/** Name and file of each command, in npm's three forms: a text, an object, a folder of files. */
function declaredBins({ json, filesIn }: BinOwner): [string, string][] {
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
  return RESERVED.has(name) || RESERVED_PREFIX.test(name) ? "would take the place of envpack's own file" : null;
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
