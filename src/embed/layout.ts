import { posix } from "node:path";
import type { Environment } from "../environment/environment.js";
import { ENVIRONMENT_FOLDER } from "../plan/layout.js";

/** Where a file of the environment's own folder stands in its archive, as an arcpath. */
export function arcpathOf(kind: Environment["kind"], file: string): string {
  return posix.join(ENVIRONMENT_FOLDER[kind], file);
}

/** The tools that come with Node, and the script of each inside `lib/node_modules`. */
export const RUNTIME_TOOLS: readonly { readonly name: string; readonly tool: string; readonly script: string }[] = [
  { name: "npm", tool: "npm", script: "lib/node_modules/npm/bin/npm-cli.js" },
  { name: "npx", tool: "npm", script: "lib/node_modules/npm/bin/npx-cli.js" },
  { name: "corepack", tool: "corepack", script: "lib/node_modules/corepack/dist/corepack.js" },
];
