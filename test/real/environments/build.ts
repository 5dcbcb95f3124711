import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE } from "./cache.js";
import { digestCase, FIXTURES, type EnvironmentCase } from "./case.js";
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
 * Builds a case's environment with its real manager, or takes the one that an earlier run built of
 * the same fixture. The folder that it is built in keeps its name: an environment that was moved
 * would not be the manager's work any more.
 */
export async function buildCase(one: EnvironmentCase): Promise<Built> {
  const manager = await bringManager(one.manager);
  const folder = join(CACHE, "built", `${one.name}-${digestCase(one)}`);
  const built = { one, manager, folder, origin: join(folder, "origin"), home: join(folder, "home"), project: "" };
  const mark = join(folder, ".complete");
  if (!existsSync(mark)) {
    forgetOlder(one, folder);
    await install(one, manager, built.origin, built.home);
    writeFileSync(`${mark}.new`, "");
    renameSync(`${mark}.new`, mark);
  }
  return { ...built, project: join(built.origin, one.project ?? ".") };
}

/** What was built of earlier states of the fixture is of no use any more. */
function forgetOlder({ name }: EnvironmentCase, folder: string): void {
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  for (const other of readdirSync(parent)) {
    if (other.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(other.slice(name.length + 1))) {
      rmSync(join(parent, other), { recursive: true, force: true });
    }
  }
}

async function install(one: EnvironmentCase, manager: Manager, origin: string, home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  const isMetadata = (file: string): boolean => file === join(FIXTURES, one.name, "case.json");
  cpSync(join(FIXTURES, one.name), origin, { recursive: true, filter: (file) => !isMetadata(file) });
  const env = await managerEnv(home);
  for (const { args, in: folder } of one.install ?? [{ args: ["install"] }]) {
    const cwd = join(origin, folder ?? one.installIn ?? one.project ?? ".");
    await runWell(manager.command, [...manager.args, ...args], { cwd, env, patience: 420_000 });
  }
  for (const path of packagesOf(one)) cpSync(join(import.meta.dirname, "smoke.mjs"), join(origin, path, "smoke.mjs"));
}

/** Names of the direct dependencies of one of a case's packages, sorted. */
export function directDependencies(built: Built, path: string): readonly string[] {
  const json = JSON.parse(readFileSync(join(built.origin, path, "package.json"), "utf8"));
  const development = built.one.omit === "dev" ? {} : json.devDependencies;
  return Object.keys({ ...json.dependencies, ...json.optionalDependencies, ...development }).sort();
}
