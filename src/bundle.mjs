/**
 * Makes one file of each entry point of dist/: the command line, the API, the script of the worker threads.
 * Node.js opens the files of all modules that a module imports at the same time; hundreds of small ones
 * are more than a process may open that is started under `ulimit -n 64`, and take longer to load.
 *
 *     npm run build
 */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

const SRC = import.meta.dirname;
const DIST = join(dirname(SRC), "dist");

/** Modules without their ending, and the packages that they go on loading from node_modules: zstd as WebAssembly is seldom needed. */
const ENTRIES = [
  ["index", { packages: "external" }],
  ["cli/main", { external: ["zstd-codec"] }],
  ["engine/thread", { external: ["zstd-codec"] }],
];

/** What CommonJS modules inside a module are to load Node's own with. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Lets each module find what lies beside it: in `dist/` it stands where it stands in `src/`, though in another's file. */
function keepPlaces(entry) {
  return {
    name: "keep-places",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const place = relative(dirname(entry), relative(SRC, path)).replaceAll("\\", "/").replace(/\.ts$/, ".js");
        return { loader: "ts", contents: text.replaceAll("import.meta.url", `new URL(${JSON.stringify(place)}, import.meta.url).href`) };
      });
    },
  };
}

for (const [entry, options] of ENTRIES) {
  await build({
    absWorkingDir: SRC,
    entryPoints: [`./${entry}.ts`],
    outfile: join(DIST, `${entry}.js`),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    banner: { js: REQUIRE },
    plugins: [keepPlaces(entry)],
    ...options,
  });
}
