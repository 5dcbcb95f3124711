import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import type { Bin } from "./environment.js";
import { readShimTarget } from "./managers/shim.js";
import { readPackageJson, type PackageJson } from "./package-json.js";
import { readProgramStart } from "./program-start.js";

/** A command as the package manager laid it out, with the package that it belongs to, as installed. */
export interface StartedBin extends Bin {
  readonly owner: string;
}

/** A shim is a short script; what is longer is a program. */
const SHIM_SIZE = 64 * 1024;

/**
 * What `node_modules/.bin/NAME` starts, of the nearest folder that has it, as `npm run` would find it: a link leads to the
 * program, a shim of pnpm's names it. Null where there is none, where it leads nowhere, or out of what goes in.
 *
 * @param folder of the package that runs the command, relative to the root
 * @param placeOf where a file (absolute) will lie, relative to the root; null: it does not go in
 */
export function findStarted(root: string, folder: string, name: string, placeOf: (file: string) => string | null): StartedBin | null {
  for (let from = folder; ; from = posix.dirname(from) === "." ? "" : posix.dirname(from)) {
    const program = behind(join(root, from, "node_modules/.bin", name));
    if (program !== null) return describe(name, program, placeOf);
    if (from === "") return null;
  }
}

function describe(name: string, program: string, placeOf: (file: string) => string | null): StartedBin | null {
  const file = placeOf(program);
  return file === null ? null : { name, file, ...readProgramStart(program), owner: ownerOf(program) };
}

/** The program that a link or a shim starts, links resolved; null where it is neither. */
function behind(file: string): string | null {
  try {
    if (lstatSync(file).isSymbolicLink()) return plainFile(realpathSync(file));
    if (statSync(file).size > SHIM_SIZE) return null;
    const target = readShimTarget(readFileSync(file, "utf8"));
    return target === null ? null : plainFile(realpathSync(join(dirname(file), target)));
  } catch {
    return null;
  }
}

function plainFile(file: string): string | null {
  return existsSync(file) && statSync(file).isFile() ? file : null;
}

/** The package around a program, by the nearest package.json that has a name. */
function ownerOf(program: string): string {
  for (let folder = dirname(program); folder !== dirname(folder); folder = dirname(folder)) {
    const json = readPackageJson(folder);
    if (json === "absent" || json === "broken" || json.name === null) continue;
    return ownerName(json.name, json);
  }
  return basename(program);
}

/** As a reader knows a package: by what it is installed as, with its own name where that is another, and its version. */
export function ownerName(installedAs: string, { name, version }: PackageJson): string {
  const own = name ?? (installedAs === "" ? "the project" : installedAs);
  const full = version === null ? own : `${own} ${version}`;
  return installedAs === "" || installedAs === own ? full : `${installedAs} (${full})`;
}
