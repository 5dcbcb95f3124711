import { rm } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { build } from "esbuild";
import { rollup } from "rollup";

/**
 * Commands that are started on workers, again and again: what they need lies apart from what only packing does. The last four
 * need 40 kB besides, and would load all files for them.
 */
const READING = ["unpack", "verify", "info", "list", "run/run", "relocate", "doctor/doctor", "diff", "cache"];
const PACKING = ["pack/pack"];

/**
 * Bundles the command line into four files: Node.js parses what it loads, and two megabytes take it 75 ms. `main.js` reads the
 * words and prints help; `reading.js` has what unpacking and checking need besides, `packing.js` what packing does, `others.js`
 * the rest. esbuild cuts the modules into some hundred parts, by who needs them; these are put together again, since each
 * file takes a millisecond.
 *
 * @param {import("esbuild").BuildOptions} options of the command's entry point
 * @param {{ folder: string, external: readonly string[], banner: string }} output a folder, packages that stay where they are, and
 *   what each file begins with
 */
export async function bundleCommand(options, { folder, external, banner }) {
  const parts = join(folder, "parts");
  const { metafile } = await build({ ...options, external, outdir: parts, splitting: true, chunkNames: "[hash]", metafile: true });
  const { entry, groupOf } = groupParts(metafile, options.absWorkingDir);
  const bundled = await rollup({
    input: entry,
    external: (id) => !id.startsWith(".") && !isAbsolute(id),
    treeshake: false,
    preserveEntrySignatures: "allow-extension",
    // A circle of files, above all.
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  await bundled.write({
    dir: folder,
    format: "es",
    manualChunks: groupOf,
    chunkFileNames: "[name].js",
    compact: true,
    generatedCode: "es2015",
    banner,
    plugins: [{ name: "require-packages", renderDynamicImport: requirePackage(external) }],
  });
  await rm(parts, { recursive: true });
}

/** As `supported` without dynamic imports has esbuild do it where nothing is split (src/bundle.mjs): a package is required. */
function requirePackage(packages) {
  return ({ targetModuleId }) => {
    if (!packages.some((name) => targetModuleId === name || targetModuleId?.startsWith(`${name}/`))) return null;
    return { left: "Promise.resolve(require(", right: ")).then((all) => ({ ...all, default: all }))" };
  };
}

/** Which file a part goes into, by which commands need it. */
function groupParts({ outputs }, root) {
  const parts = new Map(Object.entries(outputs).map(([path, part]) => [resolve(root, path), part]));
  const starts = new Map([...parts].flatMap(([path, { entryPoint }]) => (entryPoint === undefined ? [] : [[entryPoint, path]])));

  /** Adds a part and all that it loads to `found`; where `deep` what it loads later as well, but for other commands. */
  function reach(path, deep, found) {
    const part = parts.get(path);
    if (part === undefined || found.has(path)) return found;
    found.add(path);
    for (const { path: other, kind } of part.imports) {
      const next = resolve(root, other);
      const isCommand = /^(?:cli|verbs)\//.test(parts.get(next)?.entryPoint ?? "");
      if (kind === "import-statement" || (deep && !isCommand)) reach(next, deep, found);
    }
    return found;
  }
  function reachAll(verbs) {
    const found = new Set();
    for (const verb of verbs) {
      const start = starts.get(`verbs/${verb}.ts`);
      if (start === undefined) throw new Error(`no part of the command begins with verbs/${verb}.ts`);
      reach(start, true, found);
    }
    return found;
  }

  const entry = starts.get("cli/main.ts");
  if (entry === undefined) throw new Error("the command has no beginning");
  const groups = [
    ["main", reach(entry, false, new Set())],
    ["reading", reachAll(READING)],
    ["packing", reachAll(PACKING)],
  ];
  return { entry, groupOf: (id) => groups.find(([, paths]) => paths.has(id))?.[0] ?? "others" };
}
