/**
 * Builds what dist/ needs beside compiled files: the one-file tools that travel inside archives, and
 * copies of the shell scripts and the hook, which are no TypeScript.
 *
 *     npm run build
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = import.meta.dirname;
const ROOT = dirname(dirname(HERE));

/** Modules that do not travel, by the end of the import's path, and what stands in for them. */
const PACKING = [
  [/^(\.\.\/)+pack\.js$/, 'export { pack, planPack } from "./traveler-pack.ts";'],
  // What lies on a worker was delivered: the tool there has no such command.
  [/\/commands\/deliver\.js$/, "export function addDeliver() {}"],
  [/^(\.\.\/)+layer\.js$/, 'export { layer } from "./traveler-pack.ts";'],
  [/\/encode-frame\.js$/, 'export { pack as encodeZipFrame } from "./traveler-pack.ts";'],
  [/\/pack-frame\.js$/, 'export { pack as openPackJob } from "./traveler-pack.ts";'],
  [/\/list-folders\.js$/, 'export { pack as openListJob } from "./traveler-pack.ts";'],
];
const ZSTD = [/\/zstd-wasm\.js$/, 'export function loadWasmEngine() { throw new Error("this runtime has zstd"); }'];

/**
 * The tool as one CommonJS file. Names stay whole, so that stack traces under ENVPACK_DEBUG can be
 * read. The result depends on nothing but the sources.
 *
 * @param {boolean} wasm whether zstd as WebAssembly goes in, for runtimes without a zstd of their own
 * @returns {Promise<Uint8Array>}
 */
export async function bundleTraveler(wasm) {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(HERE, "traveler.ts")],
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
  const target = join(ROOT, "dist", "onboard");
  await mkdir(target, { recursive: true });
  for (const folder of ["activate", "hook", "shell"]) {
    await cp(join(HERE, folder), join(target, folder), { recursive: true });
  }
  const isShell = (path) => !/\.ts$/.test(path);
  await cp(join(ROOT, "src/deliver/slurm"), join(ROOT, "dist/deliver/slurm"), { recursive: true, filter: isShell });
  await writeFile(join(target, "envpack.cjs"), await bundleTraveler(false));
  await writeFile(join(target, "envpack-zstd.cjs"), await bundleTraveler(true));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
