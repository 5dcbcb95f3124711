import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildOnce, CACHE } from "./cache.js";
import { FIXTURES } from "./case.js";
import { bringManager, managerEnv, type Manager } from "./managers.js";
import { digestPrefixCase, type PrefixCase } from "./prefix-case.js";
import { runWell } from "./run.js";

/** A prefix as its real manager made it. */
export interface BuiltPrefix {
  readonly one: PrefixCase;
  readonly manager: Manager;
  /** Holds all that follows. */
  readonly folder: string;
  readonly home: string;
  readonly prefix: string;
}

/** Builds a case's prefix, or takes the one that an earlier run built; its folder keeps its name. */
export async function buildPrefix(one: PrefixCase): Promise<BuiltPrefix> {
  const manager = one.manager.startsWith("nodeenv@") ? await bringNodeenv(one.manager) : await bringManager(one.manager);
  const folder = join(CACHE, "built", `${one.name}-${digestPrefixCase(one)}`);
  const built = { one, manager, folder, home: join(folder, "home"), prefix: join(folder, "prefix") };
  await buildOnce(folder, () => install(built));
  return built;
}

async function install({ one, manager, home, prefix, folder }: BuiltPrefix): Promise<void> {
  for (const path of [home, prefix]) mkdirSync(path, { recursive: true });
  if (one.node !== undefined) await layRuntime(one.node, manager, prefix);
  const outside = join(folder, "outside");
  const source = join(FIXTURES, one.name, "outside");
  if (existsSync(source)) cpSync(source, outside, { recursive: true });
  const fill = (text: string): string => text.replaceAll("{prefix}", prefix).replaceAll("{outside}", outside);
  const variables = Object.entries(one.env).map(([name, value]) => [name, fill(value)] as const);
  const env = { ...(await managerEnv(home)), ...Object.fromEntries(variables) };
  const PATH = [join(prefix, "bin"), prefix, env.PATH].join(":");
  for (const args of one.install) {
    await runWell(manager.command, [...manager.args, ...args.map(fill)], { cwd: folder, env: { ...env, PATH }, patience: 420_000 });
  }
}

/** What a tarball of Node holds: bin/node, include/, share/, and npm with its two commands. */
async function layRuntime(version: string, npm: Manager, prefix: string): Promise<void> {
  const node = await bringManager(`node@${version}`);
  const home = dirname(dirname(node.command));
  for (const name of ["bin", "include", "share"]) cpSync(join(home, name), join(prefix, name), { recursive: true, verbatimSymlinks: true });
  cpSync(join(npm.folder, "node_modules/npm"), join(prefix, "lib/node_modules/npm"), { recursive: true, verbatimSymlinks: true });
  for (const tool of ["npm", "npx"]) symlinkSync(`../lib/node_modules/npm/bin/${tool}-cli.js`, join(prefix, "bin", tool));
}

/** nodeenv is a Python module of one file. */
async function bringNodeenv(spec: string): Promise<Manager> {
  const [name = "", version = ""] = spec.split("@");
  const folder = join(CACHE, "managers", `${name}-${version}`);
  await buildOnce(folder, async () => {
    await runWell("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, `${name}==${version}`], {
      patience: 120_000,
    });
  });
  return { name, major: Number.parseInt(version, 10), command: "python3", args: [join(folder, "nodeenv.py")], folder };
}
