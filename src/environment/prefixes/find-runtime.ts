import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import semver from "semver";
import { EnvpackError } from "../../support/errors.js";
import { homeFolder } from "../../support/home.js";
import type { Notice } from "../../support/progress.js";

/** A runtime that a version manager installed. */
interface Installed {
  readonly manager: string;
  readonly version: string;
  readonly prefix: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Where a version manager keeps its runtimes: folders named by version, and what in them is the prefix. */
interface InstallDir {
  readonly manager: string;
  readonly folder: string;
  readonly inside: string;
}

/** The places that the managers use unless they are told otherwise, and the variables that tell them. */
function usualPlaces(env: Variables): readonly InstallDir[] {
  // An empty variable tells nothing: so the managers take it, and XDG's rules say so.
  const told = (name: string, otherwise: string): string => env[name] || otherwise;
  // Without a home only what variables name is looked in.
  const home = told("HOME", homeFolder() ?? "/nonexistent");
  const data = told("XDG_DATA_HOME", join(home, ".local/share"));
  const place = (manager: string, folder: string, inside = ""): InstallDir => ({ manager, folder, inside });
  return [
    place("nvm", join(told("NVM_DIR", join(home, ".nvm")), "versions/node")),
    ...[told("FNM_DIR", join(data, "fnm")), join(home, ".fnm")].map((base) => place("fnm", join(base, "node-versions"), "installation")),
    place("Volta", join(told("VOLTA_HOME", join(home, ".volta")), "tools/image/node")),
    place("mise", join(told("MISE_DATA_DIR", join(data, "mise")), "installs/node")),
    place("asdf", join(told("ASDF_DATA_DIR", join(home, ".asdf")), "installs/nodejs")),
    place("n", join(told("N_PREFIX", "/usr/local"), "n/versions/node")),
  ];
}

/**
 * Finds a runtime by its version, or the beginning of one ("v22", "22.11", "22.11.0"), where nvm, fnm,
 * Volta, mise, asdf and n keep theirs. Of several the newest is taken; a notice names it and the others.
 *
 * @param env the variables that tell where the managers keep things
 * @throws EnvpackError RUNTIME_NOT_FOUND with what is there; USAGE where the name is no version
 */
export function findRuntime(name: string, env: Variables = process.env): { prefix: string; notices: readonly Notice[] } {
  const wanted = /^v?(\d+(?:\.\d+){0,2})$/.exec(name)?.[1];
  if (wanted === undefined) {
    throw new EnvpackError("USAGE", `${JSON.stringify(name)} is no version of Node`, {
      hint: "give a version or the beginning of one, as in `-n v22` or `-n 22.11.0`; name a folder with -p",
    });
  }
  const installed = usualPlaces(env).flatMap(listPlace);
  const matches = installed.filter(({ version }) => version === wanted || version.startsWith(`${wanted}.`)).sort(byVersion);
  const [found, ...others] = matches;
  if (found === undefined) throw notFound(name, installed);
  if (others.length === 0) return { prefix: found.prefix, notices: [] };
  const message = `of the runtimes that ${name} may mean the newest is packed: ${describe(found)}; there are also ${listNames(others)}`;
  return { prefix: found.prefix, notices: [{ code: "RUNTIME_CHOSEN", message, path: found.prefix }] };
}

/** Newest first; of one version the first of the places. */
function byVersion(a: Installed, b: Installed): number {
  return semver.rcompare(a.version, b.version);
}

/** mise and others keep links of shorter names ("22", "latest") beside the folders: these are no versions. */
function listPlace({ manager, folder, inside }: InstallDir): Installed[] {
  return names(folder).flatMap((name) => {
    const version = semver.valid(name);
    const prefix = join(folder, name, inside);
    return version !== null && existsSync(join(prefix, "bin/node")) ? [{ manager, version, prefix }] : [];
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function notFound(name: string, installed: readonly Installed[]): EnvpackError {
  const managers = "nvm, fnm, Volta, mise, asdf and n";
  const hint =
    installed.length === 0
      ? `${managers} have none in their usual places; name the folder with -p`
      : `there are ${listNames([...installed].sort(byVersion))}; name another folder with -p`;
  return new EnvpackError("RUNTIME_NOT_FOUND", `no version manager has a node ${name}`, { hint });
}

function listNames(installed: readonly Installed[]): string {
  return installed.map(describe).join(", ");
}

function describe({ manager, version }: Installed): string {
  return `v${version} of ${manager}`;
}
