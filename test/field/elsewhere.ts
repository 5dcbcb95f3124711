import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { pack, type PackOptions, type PackResult } from "../../src/index.js";
import { bringManager, managerEnv } from "../real/environments/managers.js";
import { runWell, type Outcome } from "../real/environments/run.js";
import { runInside } from "../real/environments/sandbox.js";
import { nodeOver } from "../small-node.js";

/** Where an archive is seen when it is tried: another depth than any origin, a name that has to be quoted. */
export const ELSEWHERE = "/else where/at a/depth of/its own/env";

/** Runs a package manager, "npm@11.21.2", in a folder; its store and caches lie in a home beside it. */
export async function runManager(
  spec: string,
  folder: string,
  args: readonly string[],
  home = join(dirname(folder), "home"),
): Promise<Outcome> {
  const manager = await bringManager(spec);
  mkdirSync(home, { recursive: true });
  const env = { ...(await managerEnv(home)), npm_config_prefix: join(home, "global") };
  return runWell(manager.command, [...manager.args, ...args], { cwd: folder, env, patience: 240_000 });
}

/** What a pack made, extracted by a plain tar. */
export interface Moved {
  readonly result: PackResult;
  /** The folder of the archive's root. */
  readonly folder: string;
  /** Runs the archive's own node there: nothing else of this machine but the system's libraries is in sight. */
  readonly node: (file: string) => Promise<Outcome>;
  /** As node, with any arguments, in a folder of the archive's. */
  readonly nodeIn: (folder: string, args: readonly string[]) => Promise<Outcome>;
  readonly has: (path: string) => boolean;
}

/** Packs, extracts at another depth, and runs with the origin, the network and the machine's node out of sight. A small node will do. */
export async function move(scratch: string, options: PackOptions): Promise<Moved> {
  const archive = join(scratch, "moved.tar");
  const result = await pack({ ...options, output: archive });
  const folder = join(realpathSync(scratch), "far/away/env");
  mkdirSync(folder, { recursive: true });
  await runWell("tar", ["-xf", archive, "-C", folder]);
  const over = [...nodeOver(folder)].map(([file, node]) => [file.replace(folder, ELSEWHERE), node] as const);
  const sandbox = {
    shown: new Map([[ELSEWHERE, folder], ...over]),
    node: "hidden",
    env: { LANG: "C.UTF-8", PATH: `${ELSEWHERE}/bin:/usr/bin:/bin` },
  } as const;
  return {
    result,
    folder,
    node: (file) => runInside(sandbox, ELSEWHERE, [`${ELSEWHERE}/bin/node`, `${ELSEWHERE}/${file}`]),
    nodeIn: (cwd, args) => runInside(sandbox, `${ELSEWHERE}/${cwd}`, [`${ELSEWHERE}/bin/node`, ...args]),
    has: (path) => existsSync(join(folder, path)),
  };
}
