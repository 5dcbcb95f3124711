/**
 * Makes one file of each entry point of dist/, and four of the command line: the API and its types, the script of the worker
 * threads. Node.js opens the files of all modules that a module imports at the same time; hundreds of small ones, and the parts that
 * a bundler splits off too, are more than a process may open that is started under `ulimit -n 64`.
 *
 *     npm run build
 */
import { readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { bundleCommand } from "./bundle-command.mjs";

const SRC = import.meta.dirname;
const DIST = join(dirname(SRC), "dist");
/** Where tsc leaves the declarations of each file (tsconfig.build.json), until they are one. */
const TYPES = join(DIST, "types");

/** Modules without their ending, and the packages that they go on loading from node_modules: zstd as WebAssembly and traces are seldom needed. */
const ENTRIES = [
  ["index", { packages: "external" }],
  ["engine/threads/thread", { external: ["zstd-codec"] }],
];
const COMMAND = "cli/main";
const SELDOM = ["zstd-codec", "@vercel/nft"];

/** What CommonJS modules inside a module are to load Node's own with. */
const REQUIRE = 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

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

function optionsFor(entry) {
  return {
    absWorkingDir: SRC,
    entryPoints: [`./${entry}.ts`],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // Names stay whole, so that a stack can be read. What is shorter is parsed sooner, at each start.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "error",
    plugins: [keepPlaces(entry)],
  };
}

for (const [entry, options] of ENTRIES) {
  await build({
    ...optionsFor(entry),
    outdir: join(DIST, dirname(entry)),
    // What is loaded when it is needed is CommonJS: imported, Node.js would look through a megabyte for what it exports.
    supported: { "dynamic-import": false },
    banner: { js: REQUIRE },
    ...options,
  });
}
await bundleCommand(optionsFor(COMMAND), { folder: join(DIST, dirname(COMMAND)), external: SELDOM, banner: REQUIRE });

/** What a page of `envpack report` holds: its script and its style, each in one file beside the command. */
await build({
  absWorkingDir: join(SRC, "evidence/report/page"),
  entryPoints: { "evidence/report/page": "./main.mjs" },
  outdir: DIST,
  bundle: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  logLevel: "error",
});
await build({
  absWorkingDir: join(SRC, "evidence/report/page"),
  entryPoints: { "evidence/report/page": "./page.css" },
  outdir: DIST,
  target: "es2022",
  charset: "utf8",
  minify: true,
  logLevel: "error",
});

/** What a program that uses the API sees of its types, in one file: dist/index.d.ts. */
async function bundleTypes() {
  const bundled = await rollup({
    input: join(TYPES, "index.d.ts"),
    plugins: [dts()],
    external: /^node:/,
    // A type that is not found would be `any` for whoever uses the API.
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  await bundled.write({ file: join(DIST, "index.d.ts"), format: "es" });
  await rm(TYPES, { recursive: true });
}

await bundleTypes();
