/**
 * Builds what dist/ needs beside compiled files: the one-file tools that travel inside archives, and
 * copies of the shell scripts and the hook, which are no TypeScript.
 *
 *     npm run build
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { copy, outputFile } from "fs-extra/esm";

const HERE = import.meta.dirname;
const ROOT = dirname(dirname(HERE));

/** Modules that do not travel, by the end of the import's path, and what stands in for them. */
const PACKING = [
  [/\/commands\/pack\.js$/, 'export { addPack } from "./no-packing.ts";'],
  // What lies on a worker was delivered: the tool there has no such command.
  [/\/commands\/deliver\.js$/, "export function addDeliver() {}"],
  // Shells complete, and man shows, the envpack that is installed.
  [/\/commands\/completion\.js$/, "export function addCompletion() {}"],
  [/\/commands\/man\.js$/, "export function addMan() {}"],
  [/\/commands\/cache\.js$/, "export function addCache() {}"],
  // Images are made, pushed and looked at where they are packed.
  [
    /\/image-options\.js$/,
    "export const imageOptionList = () => []; export const imageOptions = () => undefined; export const registryOptionList = () => []; export const registryOptions = () => ({});",
  ],
  [/\/image-text\.js$/, "export const imageLines = () => []; export const imageRows = () => [];"],
  [
    /\/image\/packed-image\.js$/,
    "const none = async () => null; export { none as describeNamed, none as listNamed, none as verifyNamed, none as checkNamed };",
  ],
  [/\/verbs\/layer\.js$/, 'export { layer } from "./no-packing.ts";'],
  [/\/commands\/parcel-manifest\.js$/, "export function addParcelManifest() {}"],
  // What is inside was told where it was packed.
  [/\/commands\/sbom\.js$/, "export function addSbom() {}"],
  [/\/commands\/licenses\.js$/, "export function addLicenses() {}"],
  [/\/commands\/report\.js$/, "export function addReport() {}"],
  // Runs are recorded where they are packed from.
  [/\/commands\/record\.js$/, "export function addRecord() {}"],
  // What was sent was proved before.
  [/\/commands\/prove\.js$/, "export function addProve() {}"],
  [/\/encode-frame\.js$/, 'export { pack as encodeZipFrame } from "./no-packing.ts";'],
  [/\/pack-frame\.js$/, 'export { pack as openPackJob } from "./no-packing.ts";'],
  [/\/list-folders\.js$/, 'export { pack as openListJob } from "./no-packing.ts";'],
  // What fs-extra opens is a handful of files: no queue is needed for when there are too many, and Node's own fs stays as it is.
  [/^graceful-fs$/, 'module.exports = require("fs");'],
];
const ZSTD = [/\/zstd-wasm\.js$/, 'export function loadWasmEngine() { throw new Error("this runtime has zstd"); }'];

/**
 * The tool as one CommonJS file. Names stay whole, so that stack traces under ENVPACK_DEBUG can be
 * read. The result depends on nothing but the sources.
 *
 * @param {boolean} wasm whether zstd as WebAssembly goes in, for runtimes without a zstd of their own
 * @returns {Promise<Uint8Array>}
 */
export async function bundlePortableCli(wasm) {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, "src/cli/portable.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20",
    charset: "utf8",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "error",
    banner: { js: 'const ENVPACK_FILE=require("url").pathToFileURL(__filename).href;' },
    define: {
      ENVPACK_VERSION: JSON.stringify(version),
      "import.meta.url": "ENVPACK_FILE",
    },
    plugins: [leaveOut(wasm ? PACKING : [...PACKING, ZSTD])],
  });
  return outputFiles[0].contents;
}

function leaveOut(modules) {
  return {
    name: "leave-out",
    setup({ onResolve, onLoad }) {
      for (const [filter, contents] of modules) {
        const namespace = `left-out:${filter.source}`;
        onResolve({ filter }, () => ({ path: "stand-in", namespace }));
        onLoad({ filter: /^stand-in$/, namespace }, () => ({ contents, resolveDir: HERE, loader: "ts" }));
      }
    },
  };
}

async function main() {
  const target = join(ROOT, "dist", "embed");
  for (const folder of ["activate", "hook", "shell"]) {
    await copy(join(HERE, folder), join(target, folder));
  }
  const isShell = (path) => !/\.ts$/.test(path);
  await copy(join(ROOT, "src/deliver/slurm"), join(ROOT, "dist/deliver/slurm"), { filter: isShell });
  await copy(join(ROOT, "src/plan/trace/recorder"), join(ROOT, "dist/plan/trace/recorder"));
  await outputFile(join(target, "envpack.cjs"), await bundlePortableCli(false));
  await outputFile(join(target, "envpack-zstd.cjs"), await bundlePortableCli(true));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
