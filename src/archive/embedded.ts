/*
 * What envpack puts into every archive and finds again in what was restored. Both wings name these places, and so do
 * the activate scripts.
 */

/** Preloaded by NODE_OPTIONS of an activated shell. */
export const HOOK = ".envpack/hook.cjs";

/** The variable by which the hook is told of a folder whose node_modules it looks in first. */
export const ADDED = "ENVPACK_ADDED";

/** The variable that keeps the hook from letting Node.js keep what it compiles. */
export const NO_COMPILE_CACHE = "ENVPACK_NO_COMPILE_CACHE";

/** This tool as one file; `bin/envpack` starts it. */
export const PORTABLE_CLI = ".envpack/envpack.cjs";

/**
 * The environment's name as prompts show it. A package.json may hold anything as its name, and
 * prompts are expanded by shells: only what is special in none of them stays.
 */
export function promptName(name: string): string {
  return name.replaceAll(/[^\w@./+-]+/g, "-");
}
