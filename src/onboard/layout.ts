import { posix } from "node:path";
import type { Environment } from "../environment/environment.js";
import { ENVIRONMENT_FOLDER } from "../plan/layout.js";

/** Where a file of the environment's own folder stands in its archive, as an arcpath. */
export function arcpathOf(kind: Environment["kind"], file: string): string {
  return posix.join(ENVIRONMENT_FOLDER[kind], file);
}

/** Preloaded by NODE_OPTIONS of an activated shell; the activate scripts know this place as well. */
export const HOOK = ".envpack/hook.cjs";
export const HOOK_THREAD = ".envpack/hook-thread.mjs";

/** The variable by which the hook is told of a folder whose node_modules it looks in first. */
export const ADDED = "ENVPACK_ADDED";

/** This tool as one file; `bin/envpack` starts it. */
export const TRAVELER = ".envpack/envpack.cjs";

/** The tools that come with Node, and the script of each inside `lib/node_modules`. */
export const RUNTIME_TOOLS: readonly { readonly name: string; readonly tool: string; readonly script: string }[] = [
  { name: "npm", tool: "npm", script: "lib/node_modules/npm/bin/npm-cli.js" },
  { name: "npx", tool: "npm", script: "lib/node_modules/npm/bin/npx-cli.js" },
  { name: "corepack", tool: "corepack", script: "lib/node_modules/corepack/dist/corepack.js" },
];

/** Names in `bin/` that are the environment's own: no package's command takes them. */
export function isReservedName(name: string): boolean {
  return /^(node(\.exe)?|envpack|(de)?activate(\..*)?)$/i.test(name);
}

/**
 * The environment's name as prompts show it. A package.json may hold anything as its name, and
 * prompts are expanded by shells: only what is special in none of them stays.
 */
export function promptName(name: string): string {
  return name.replaceAll(/[^\w@./+-]+/g, "-");
}
