import { readFile } from "node:fs/promises";
import semver from "semver";
import type { Runtime } from "../environment/runtime.js";
import { EnvpackError } from "../support/errors.js";

/** The oldest Node that the tool runs on, and where node:zlib has zstd. */
const RUNS_ON = ">=20.19";
const HAS_ZSTD = ">=22.15 <23 || >=23.8";

/**
 * The one-file tool for a runtime; null where the runtime is too old to run it. Without a runtime the
 * worker's own node is not known, so zstd goes in.
 */
export async function readPortableCli(runtime: Pick<Runtime, "version"> | null): Promise<Uint8Array | null> {
  if (runtime !== null && !satisfies(runtime.version, RUNS_ON)) return null;
  const wasm = runtime === null || !satisfies(runtime.version, HAS_ZSTD);
  // Run from its sources, as the tests do, the tool is bundled from the same sources: never a stale one.
  return import.meta.url.endsWith(".ts") ? bundle(wasm) : readBuilt(wasm ? "envpack-zstd.cjs" : "envpack.cjs");
}

function satisfies(version: string, range: string): boolean {
  return semver.satisfies(version, range, { includePrerelease: true });
}

async function readBuilt(name: string): Promise<Uint8Array> {
  try {
    return await readFile(new URL(name, import.meta.url));
  } catch (cause) {
    throw new EnvpackError("IO", "this installation of envpack is not complete: its one-file tool is missing", {
      path: name,
      hint: "build it with `npm run build`, or install envpack again",
      cause,
    });
  }
}

const bundles = new Map<boolean, Promise<Uint8Array>>();

/** esbuild is a dependency of development only: an installed envpack never comes here. */
function bundle(wasm: boolean): Promise<Uint8Array> {
  const known = bundles.get(wasm) ?? loadBundler().then((bundlePortableCli) => bundlePortableCli(wasm));
  bundles.set(wasm, known);
  return known;
}

async function loadBundler(): Promise<(wasm: boolean) => Promise<Uint8Array>> {
  const builder = new URL("build-portable-cli.mjs", import.meta.url).href;
  const { bundlePortableCli } = (await import(builder)) as { bundlePortableCli: (wasm: boolean) => Promise<Uint8Array> };
  return bundlePortableCli;
}
