import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import semver from "semver";
import { parseDocument } from "yaml";
import { tripleOf } from "../../manifest/target.js";
import { enumerate } from "../../support/enumerate.js";
import { EnvpackError } from "../../support/errors.js";
import { crossArgs } from "../managers/detect.js";
import type { FrozenInstall, PackageManager } from "../managers/manager.js";
import { npm } from "../managers/npm/npm.js";
import { readYaml } from "../managers/settings.js";
import { FULL, noSpace } from "./no-space.js";
import { lastWords, startProgram, type Failure, type Start, type StartOptions } from "./start-program.js";
import type { TargetPlatform } from "./triple.js";

/** An installation for another platform, in a folder that is private to it. */
export interface CrossRequest {
  /** Holds the project's manifests and its lockfile, and no node_modules. */
  readonly root: string;
  /** Where these came from, for messages. */
  readonly source: string;
  readonly manager: PackageManager;
  /** The lockfile's name. */
  readonly lockfile: string;
  readonly target: TargetPlatform;
  readonly signal?: AbortSignal;
}

/**
 * Has the project's own manager install its lockfile for a platform: with the user's registry, mirrors and credentials,
 * and without running anything that packages bring.
 *
 * @throws EnvpackError LOCKFILE_UNFIT where package.json asks for something else, CROSS_INSTALL_FAILED where it cannot be done
 */
export async function installFor({ root, source, manager, lockfile, target, signal }: CrossRequest): Promise<void> {
  const { frozen } = manager.cross;
  if (frozen === null) throw cannotChoose(source);
  const start = commandOf(manager.name, root);
  if (frozen.since !== undefined) await checkVersion(start, manager.name, frozen.since, { cwd: root, signal });
  const restore = changeSettings(frozen, root, target);
  const args = [...frozen.args, ...crossArgs(manager, target), ...(target.os === "win32" ? (frozen.onWindows ?? []) : [])];
  try {
    await startProgram(start, args, { cwd: root, env: environmentOf(frozen), signal, fails: CUT_OFF });
  } catch (error) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
    throw explain(error as Failure, { manager, lockfile, target, frozen, source });
  } finally {
    restore();
  }
}

/**
 * Installs global packages into an npm prefix for a platform, as `npm install --global` does, and runs nothing of theirs.
 *
 * @param specs "name@version"
 */
export async function installGlobally(
  prefix: string,
  specs: readonly string[],
  target: TargetPlatform,
  { source, signal }: Pick<CrossRequest, "source" | "signal">,
): Promise<void> {
  const frozen = npm.cross.frozen as FrozenInstall;
  const args = ["install", "--global", "--prefix", prefix, ...frozen.args.slice(1), ...crossArgs(npm, target), ...specs];
  try {
    await startProgram(["npm"], args, { cwd: prefix, env: environmentOf(frozen), signal, fails: CUT_OFF });
  } catch (error) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
    throw explain(error as Failure, { manager: npm, lockfile: "", target, frozen, source });
  }
}

/** npm warns of files that it could not write, as on a full disk, and ends as if all were there. */
const CUT_OFF = /\bTAR_ENTRY_ERROR\b/;

/** What decides about kinds of dependencies and platforms is said by arguments; a project's packages may not say it for us. */
function environmentOf({ env = {} }: FrozenInstall): NodeJS.ProcessEnv {
  const { NODE_ENV: _, ...user } = process.env;
  const kept = Object.entries(user).filter(([name]) => !/^npm_config_(os|cpu|libc|omit|include|only|production)$/i.test(name));
  return {
    ...Object.fromEntries(kept),
    npm_config_ignore_scripts: "true",
    npm_config_update_notifier: "false",
    npm_config_loglevel: "warn",
    ...env,
  };
}

/** The user's own program; of Yarn the one that the project brings, where it does. */
function commandOf(name: PackageManager["name"], root: string): Start {
  const own = name === "yarn" ? readYaml(join(root, ".yarnrc.yml"))?.yarnPath : undefined;
  if (typeof own === "string" && existsSync(join(root, own))) return [process.execPath, join(root, own)];
  const isThere = (process.env.PATH ?? "").split(delimiter).some((folder) => isAbsolute(folder) && existsSync(join(folder, name)));
  const hasCorepack =
    !isThere && (process.env.PATH ?? "").split(delimiter).some((folder) => isAbsolute(folder) && existsSync(join(folder, "corepack")));
  return hasCorepack && (name === "yarn" || name === "pnpm") ? ["corepack", name] : [name];
}

async function checkVersion(start: Start, name: string, since: string, options: Omit<StartOptions, "env">): Promise<void> {
  const text = await startProgram(start, ["--version"], { ...options, env: process.env }).catch((error: unknown) => {
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
    throw missingManager(error, name) ?? notStarting(error as Failure, start);
  });
  const version = semver.coerce(text)?.version ?? "0.0.0";
  if (semver.gte(version, since)) return;
  throw new EnvpackError("CROSS_INSTALL_FAILED", `${name} ${version} cannot install for another platform: ${since} and later can`, {
    hint: `update it, as \`npm install -g ${name}@latest\``,
  });
}

/** As corepack where it cannot bring the manager that package.json names. */
function notStarting(error: Failure, start: Start): EnvpackError {
  const line = `${start.join(" ")} --version`;
  return new EnvpackError("CROSS_INSTALL_FAILED", `\`${line}\` fails: ${lastWords(`${error.stderr ?? ""}\n${error.stdout ?? ""}`)}`, {
    hint: "mend the package manager until that line tells its version",
    cause: error,
  });
}

/** Null where it is there, and failed. */
function missingManager(error: unknown, name: string): EnvpackError | null {
  if ((error as Failure).code !== "ENOENT") return null;
  return new EnvpackError("CROSS_INSTALL_FAILED", `the project's lockfile is ${name}'s, which is not on the PATH`, {
    hint: `install ${name}, or pack on the target what is installed there`,
    cause: error,
  });
}

/** Sets fields of the manager's settings file; returns what puts the file back as it was. */
function changeSettings({ settings }: FrozenInstall, root: string, target: TargetPlatform): () => void {
  if (settings === undefined) return () => undefined;
  const file = join(root, settings.file);
  const before = existsSync(file) ? readFileSync(file) : null;
  const document = parseDocument(before?.toString("utf8") ?? "", { logLevel: "silent" });
  for (const [field, value] of Object.entries(settings.fields(target))) document.set(field, value);
  writeFileSync(file, document.toString());
  return () => {
    if (before === null) rmSync(file, { force: true });
    else writeFileSync(file, before);
  };
}

function cannotChoose(source: string): EnvpackError {
  return new EnvpackError("CROSS_INSTALL_FAILED", "Yarn 1 installs the packages of every platform or of this one, and of no other", {
    path: source,
    hint: "import its lockfile into another manager (`npx yarn@berry install`, `pnpm import`), or pack on the target",
  });
}

const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENETDOWN|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|ERR_PNPM_NO_OFFLINE_TARBALL|ConnectionRefused|FailedToOpenSocket|UnknownHostname|YN0001: .*RequestError|dns error|client error \(Connect\))/;

interface Context {
  readonly manager: PackageManager;
  readonly lockfile: string;
  readonly target: TargetPlatform;
  readonly frozen: FrozenInstall;
  readonly source: string;
}

function explain(error: Failure, { manager, lockfile, target, frozen, source }: Context): EnvpackError {
  const { name, install } = manager;
  const missing = missingManager(error, name);
  if (missing !== null) return missing;
  const said = `${error.stderr ?? ""}\n${error.stdout ?? ""}`;
  if (frozen.outdated.test(said)) {
    // npm names what its optional-dependency bug kept out of a lockfile as well.
    const lacks = [...new Set([...said.matchAll(/Missing: (\S+) from lock file/g)].map((match) => match[1] ?? ""))];
    return new EnvpackError(
      "LOCKFILE_UNFIT",
      `${lockfile} is not that of package.json: ${lacks.length === 0 ? "something was changed since" : `it lacks ${enumerate(lacks)}`}`,
      { path: join(source, lockfile), hint: `write it anew with \`${install.fresh}\``, cause: error },
    );
  }
  if (FULL.test(said)) return noSpace(tmpdir(), error);
  const reached = UNREACHABLE.exec(said)?.[1];
  const what =
    reached === undefined
      ? `${name} could not install for ${tripleOf(target)}: ${lastWords(said)}`
      : `${name} cannot reach the registry to install for ${tripleOf(target)} (${reached.split(":")[0] ?? reached})`;
  return new EnvpackError("CROSS_INSTALL_FAILED", what, {
    path: source,
    hint:
      reached === undefined
        ? `see what \`${[name, ...frozen.args].join(" ")}\` says in a copy of the project`
        : "try again where the registry can be reached; what was fetched before is in the manager's own cache",
    cause: error,
  });
}
