import { join } from "node:path";
import { buildSync } from "esbuild";

/**
 * Makes a program of its own from a text that imports from `./` as if it lay in src/: for what would end the process that
 * the tests are in.
 *
 * @param outfile ends in .mjs
 */
export function bundleProgram(contents: string, outfile: string): void {
  const stdin = { contents, resolveDir: join(import.meta.dirname, "../src"), loader: "ts" } as const;
  const banner = {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); const __dirname = import.meta.dirname;',
  };
  buildSync({ stdin, bundle: true, platform: "node", format: "esm", outfile, banner, logLevel: "error" });
}
