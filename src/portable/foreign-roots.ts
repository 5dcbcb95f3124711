import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { parse } from "yaml";
import { homeFolder } from "../support/home.js";
import type { Environment } from "../environment/environment.js";
import { scanRoots } from "../plan/layout.js";
import type { ForeignPlace, ScanRoot } from "../scan/roots.js";
import { readShortText } from "../support/read-text.js";

/**
 * The folders of this machine that an environment's files may name though they do not go in: the
 * packer's home, the package manager's store and the prefix of its global packages. Where one lies in
 * the environment it is the environment's own.
 */
export function foreignRoots(environment: Environment): ScanRoot[] {
  const own = scanRoots(environment).map(({ path }) => path);
  const named: readonly (readonly [ForeignPlace, string | null])[] = [
    ["home", process.env["HOME"] ?? null],
    ["home", homeFolder()],
    ["package store", pnpmStore(environment)],
    ["global prefix", globalPrefix(environment)],
  ];
  const spelled = named.flatMap(([foreign, path]) => spellings(path).map((one): ScanRoot => ({ path: one, arcpath: "", foreign })));
  return spelled.filter(({ path }) => !own.some((root) => path === root || path.startsWith(root + sep)));
}

/** A folder as it is named and as the system resolves it. */
function spellings(path: string | null): string[] {
  if (path === null || !isAbsolute(path)) return [];
  try {
    return [...new Set([path, realpathSync.native(path)])];
  } catch {
    return [path];
  }
}

/** Where pnpm notes that its packages come from. */
function pnpmStore({ root, manager }: Environment): string | null {
  if (manager?.name !== "pnpm") return null;
  try {
    const state = parse(readShortText(join(root, "node_modules/.modules.yaml"))) as unknown;
    const store = typeof state === "object" && state !== null ? new Map<string, unknown>(Object.entries(state)).get("storeDir") : undefined;
    return typeof store === "string" ? store : null;
  } catch {
    // None, or damaged: it is not needed to run, and stays behind.
    return null;
  }
}

/** The folder above the runtime's `bin/`, where npm puts global packages. */
function globalPrefix({ runtime }: Environment): string | null {
  return runtime === null || runtime.origin === "registry" ? null : dirname(dirname(runtime.binary));
}
