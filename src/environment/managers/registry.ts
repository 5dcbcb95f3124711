import { bun } from "./bun/bun.js";
import { deno } from "./deno/deno.js";
import type { PackageManager } from "./manager.js";
import { npm } from "./npm/npm.js";
import { pnpm } from "./pnpm/pnpm.js";
import { yarn1 } from "./yarn1/yarn1.js";
import { yarn4 } from "./yarn4/yarn4.js";

/**
 * The package managers, in the order in which they are asked. npm comes last: Bun's hoisted layout and pnpm's
 * importers may stand beside an old package-lock.json. Adding one is a folder beside this file, and a line here.
 */
export const MANAGERS: readonly PackageManager[] = [pnpm, yarn4, yarn1, bun, deno, npm];
