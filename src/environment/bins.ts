import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join, posix, relative, sep } from "node:path";
import type { Notice } from "../progress.js";
import type { Bin } from "./environment.js";
import { joinPath } from "./installed.js";
import type { Project } from "./managers/manager.js";
import { asObject, readPackageJson, type PackageJson } from "./package-json.js";
import { readStart } from "./program-start.js";

/** `bin/` holds these already: a package of that name must not take their place. */
const RESERVED = new Set(["node", "envpack"]);
const RESERVED_PREFIX = /^(de)?activate(\.|$)/;

interface Found {
  readonly bins: readonly Bin[];
  readonly notices: readonly Notice[];
}

/**
 * The commands of a project: its own, its direct dependencies', then those of its workspace
 * members and of their direct dependencies. Where two have the same name the first in this order wins,
 * and a notice says so.
 */
export function findBins(project: Project): Found {
  const bins = new Map<string, Bin & { owner: string }>();
  const notices: Notice[] = [];
  for (const folder of ["", ...project.members.map((member) => member.path)]) {
    const json = folder === "" ? project.json : project.members.find((member) => member.path === folder)?.json;
    if (json === undefined) continue;
    addBins(folder, json);
    for (const name of directDependencies(json)) {
      const found = locate(project.root, folder, name);
      if (found !== null) addBins(found.path, found.json);
    }
  }
  const sorted = [...bins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { bins: sorted.map(({ owner: _owner, ...bin }) => bin), notices };

  function addBins(folder: string, json: PackageJson): void {
    const owner = json.name ?? (folder === "" ? "the project" : folder);
    for (const [name, file] of declaredBins(project.root, folder, json)) {
      const bin = readBin(project.root, folder, name, file);
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

function directDependencies(json: PackageJson): string[] {
  const names = [json.dependencies, json.optionalDependencies, json.devDependencies].flatMap((map) => [...map.keys()]);
  return [...new Set(names)].sort();
}

/** A dependency as Node would find it from `folder`, with links resolved; null where it is not inside. */
function locate(root: string, folder: string, name: string): { path: string; json: PackageJson } | null {
  if (!isPackageName(name)) return null;
  for (let from = folder; ; from = posix.dirname(from) === "." ? "" : posix.dirname(from)) {
    const candidate = join(root, from, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) {
      const path = insideRoot(root, candidate);
      const json = path === null ? "absent" : readPackageJson(candidate);
      return path === null || json === "absent" || json === "broken" ? null : { path, json };
    }
    if (from === "") return null;
  }
}

/** A name from a package.json may hold anything; only what npm lets be a name becomes a path. */
function isPackageName(name: string): boolean {
  return /^(@[^/\\\0]+\/)?[^/\\\0@.][^/\\\0]*$/.test(name);
}

/** Name and file of each command, in npm's three forms: a text, an object, a folder of files. */
function declaredBins(root: string, folder: string, json: PackageJson): [string, string][] {
  if (typeof json.bin === "string") return json.name === null ? [] : [[json.name.replace(/^@[^/]*\//, ""), json.bin]];
  const map = asObject(json.bin);
  if (map !== null) {
    return Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  }
  if (json.binFolder === null) return [];
  const path = joinPath(folder, posix.normalize(json.binFolder));
  if (path.startsWith("..") || posix.isAbsolute(path) || !existsSync(join(root, path))) return [];
  const files = readdirSync(join(root, path), { withFileTypes: true }).filter((file) => file.isFile());
  return files.map((file) => [file.name, posix.join(json.binFolder as string, file.name)]);
}

/** The command, or why it is none, as the end of a sentence. */
function readBin(root: string, folder: string, name: string, file: string): Bin | string {
  if (!/^[^/\\\0-\x1f\x7f]+$/.test(name) || name.startsWith(".") || name.startsWith("-")) return "has a name that no file in bin/ can have";
  if (RESERVED.has(name) || RESERVED_PREFIX.test(name)) return "would take the place of envpack's own file";
  const target = join(root, folder, file);
  if (!existsSync(target) || !statSync(target).isFile()) return `names a file that is not there: ${JSON.stringify(basename(file))}`;
  const path = insideRoot(root, target);
  if (path === null) return "lies outside the environment";
  return { name, file: path, ...readStart(join(root, path)) };
}

/** The path with links resolved, relative to the root; null where it lies outside. */
function insideRoot(root: string, path: string): string | null {
  const real = relative(root, realpathSync(path)).split(sep).join("/");
  return real === ".." || real.startsWith("../") || posix.isAbsolute(real) ? null : real;
}
