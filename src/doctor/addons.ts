import { join } from "node:path";
import { fitsAbi, fitsPlatform, isForElectron } from "../environment/addons.js";
import { readElf } from "../environment/elf.js";
import type { NativeFile } from "../environment/environment.js";
import { findNatives } from "../environment/natives.js";
import { listTree } from "../listing/listing.js";
import { compareVersions, type Host } from "../manifest/host.js";
import type { Manifest } from "../manifest/manifest.js";
import { fails, ok, warning, type Finding } from "./finding.js";
import { start } from "./start.js";

/** Names that are told before the rest is only counted. */
const SHOWN = 4;

/**
 * Whether the environment's native addons can be loaded here: made for this C library, for this node, and
 * with all the libraries that they need. The dynamic loader itself is asked for those, so that its search
 * (RUNPATH, LD_LIBRARY_PATH, ld.so.cache) is its own.
 *
 * @param folder where the environment's native files lie, at their own paths
 */
export async function checkAddons(folder: string, manifest: Manifest, host: Host): Promise<Finding[]> {
  const addons = findNatives(listTree(folder), manifest.packages).filter(({ file }) => file.endsWith(".node") && !isForElectron(file));
  // Of what packages bring for many platforms, only what is for this one is ever loaded.
  const fitting = addons.filter((addon) => fitsPlatform(addon, host));
  if (fitting.length === 0) return [ok("addons", addons.length === 0 ? "it has no native addons" : "none of its native addons is for this platform")];
  const found = [checkGlibc(fitting, host), checkAbi(fitting, manifest), await checkLibraries(folder, fitting)].filter((one) => one !== null);
  return found.length > 0 ? found : [ok("addons", `${fitting.length} for this platform, with all the libraries that they need`)];
}

function checkGlibc(addons: readonly NativeFile[], { glibc }: Host): Finding | null {
  const newer = addons.filter((addon) => addon.glibc !== null && glibc !== null && compareVersions(addon.glibc, glibc) > 0);
  if (newer.length === 0) return null;
  const which = newer.map((addon) => `${addon.file} (${addon.glibc})`);
  return fails("addons", `need a newer glibc than ${glibc}, which is here: ${list(which)}`, "build them on a machine as old as this one");
}

/** Packages with an addon for each Node pick the one that fits: it is enough that one does. */
function checkAbi(addons: readonly NativeFile[], { runtime }: Manifest): Finding | null {
  const abi = runtime?.abi ?? process.versions.modules;
  const isServed = ({ package: owner }: NativeFile): boolean => addons.some((other) => other.package === owner && fitsAbi(other, { abi }));
  const wrong = addons.filter((addon) => !fitsAbi(addon, { abi }) && !isServed(addon));
  if (wrong.length === 0) return null;
  const which = wrong.map((addon) => `${addon.file} (${addon.abi ?? "?"})`);
  return fails("addons", `built for another Node.js than one of ABI ${abi}: ${list(which)}`, "run `npm rebuild` with the node that runs it, and pack again");
}

async function checkLibraries(folder: string, addons: readonly NativeFile[]): Promise<Finding | null> {
  const loader = readElf(process.execPath, null)?.interpreter;
  if (loader === undefined || loader === null) return warning("addons", "this node has no dynamic loader that could be asked for libraries", "load them: node -e 'require(\"PACKAGE\")'");
  const missing: string[] = [];
  for (const { file } of addons) {
    const why = await askLoader(loader, join(folder, file));
    if (why !== null) missing.push(`${file} (${why})`);
  }
  if (missing.length === 0) return null;
  return fails("addons", `cannot be loaded: ${list(missing)}`, "install the system packages that have these libraries, or run on a machine or an image that does");
}

/**
 * The dynamic loader tells what it would load, as it does for ldd(1), and runs nothing of it: glibc's is asked by a
 * variable (with `--list` it would end at the first library that is missing), musl's by an option.
 */
async function askLoader(loader: string, file: string): Promise<string | null> {
  const { LD_LIBRARY_PATH: path } = process.env;
  const env = path === undefined ? {} : { LD_LIBRARY_PATH: path };
  const { status, output } = loader.includes("ld-musl") ? await start(loader, ["--list", file], env) : await start(loader, [file], { ...env, LD_TRACE_LOADED_OBJECTS: "1" });
  const absent = [...output.matchAll(/^\s*(\S+) => not found|^Error loading shared library ([^\s:]+)/gm)].map((match) => match[1] ?? match[2] ?? "");
  if (absent.length > 0) return `lacks ${[...new Set(absent)].join(", ")}`;
  const version = /version [`'](\S+)' not found/.exec(output)?.[1];
  if (version !== undefined) return `lacks ${version}`;
  // musl's loader stumbles over the symbols of node itself, which an addon finds in the process that loads it.
  if (status === 0 || /Error relocating/.test(output)) return null;
  return /cannot enable executable|failed to map segment|Operation not permitted|Permission denied/i.test(output) ? "may not be mapped for execution: noexec?" : null;
}

function list(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
}
