import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { buildOnce, CACHE } from "./cache.js";
import { digestCase, filesOf, stepsOf, type EnvironmentCase } from "./case.js";
import { bringManager, managerEnv, type Manager } from "./managers.js";
import { runWell } from "./run.js";

/** An environment as its real package manager made it. */
export interface Built {
  readonly one: EnvironmentCase;
  readonly manager: Manager;
  /** Holds the two below; nothing outside it was written but the manager itself. */
  readonly folder: string;
  /** The copy of the fixture in which the manager installed. */
  readonly origin: string;
  /** The home that it was installed from: stores and caches lie in there. */
  readonly home: string;
  /** What is packed. */
  readonly project: string;
}

/** The packages of a case whose dependencies are tried, relative to its origin. */
export function packagesOf(one: EnvironmentCase): readonly string[] {
  return one.packages ?? [one.project ?? "."];
}

/**
 * Builds a case's environment with its real manager, or takes the one that an earlier run, or another case
 * of the same files and steps, built. The folder that it is built in keeps its name: an environment that was
 * moved would not be the manager's work any more.
 */
export async function buildCase(one: EnvironmentCase): Promise<Built> {
  const manager = await bringManager(one.manager);
  const folder = join(CACHE, "built", `${basename(filesOf(one))}-${digestCase(one)}`);
  const built = { one, manager, folder, origin: join(folder, "origin"), home: join(folder, "home") };
  await buildOnce(folder, () => install(one, manager, built.origin, built.home));
  return { ...built, project: join(built.origin, one.project ?? ".") };
}

async function install(one: EnvironmentCase, manager: Manager, origin: string, home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  const files = filesOf(one);
  const isMetadata = (file: string): boolean => file === join(files, "case.json");
  cpSync(files, origin, { recursive: true, filter: (file) => !isMetadata(file) });
  const packages = readdirSync(origin, { recursive: true, encoding: "utf8" })
    .filter((file) => basename(file) === "package.json")
    .map(dirname);
  // `npm link` puts a link into npm's global prefix, which is the machine's own unless it is told another.
  const env = { ...(await managerEnv(home)), ...(one.manager.startsWith("npm") ? { npm_config_prefix: join(home, "global") } : {}) };
  for (const { args, folder } of stepsOf(one)) {
    const told = args.map((text) => text.replaceAll("{origin}", origin));
    await runWell(manager.command, [...manager.args, ...told], { cwd: join(origin, folder), env, patience: 420_000 });
  }
  for (const path of packages) cpSync(join(import.meta.dirname, "smoke.mjs"), join(origin, path, "smoke.mjs"));
}

/** Names of the direct dependencies of one of a case's packages, sorted. */
export function directDependencies(built: Built, path: string): readonly string[] {
  const json = JSON.parse(readFileSync(join(built.origin, path, "package.json"), "utf8"));
  const development = built.one.omit === "dev" ? {} : json.devDependencies;
  return Object.keys({ ...json.dependencies, ...json.optionalDependencies, ...development }).sort();
}
