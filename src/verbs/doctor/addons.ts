import { basename, join } from "node:path";
import { fitsAbi, fitsPlatform, isForElectron } from "../../native/fits.js";
import { readPlatformName } from "../../native/platform-names.js";
import { readElf } from "../../native/elf.js";
import type { NativeFile } from "../../native/native-file.js";
import { findNatives } from "../../native/find-natives.js";
import { listTree } from "../../listing/listing.js";
import type { Host } from "../../manifest/host.js";
import { compareVersions } from "../../support/compare-versions.js";
import type { Manifest } from "../../manifest/manifest.js";
import { fails, ok, warning, type Finding } from "./finding.js";
import { start } from "./run-probe.js";
import { append } from "../../support/append.js";

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
  const natives = findNatives(listTree(folder), manifest.packages);
  const addons = natives.filter(({ file }) => file.endsWith(".node") && !isForElectron(file));
  // Of what packages bring for many platforms, only what is for this one is ever loaded.
  const fitting = addons.filter((addon) => fitsPlatform(addon, host));
  if (addons.length === 0) return [ok("addons", "it has no native addons")];
  const found = [
    checkServed(addons, fitting, manifest),
    checkGlibc(fitting, host),
    checkAbi(fitting, manifest),
    fitting.length === 0 ? null : await checkLibraries(folder, fitting, natives),
  ].filter((one) => one !== null);
  if (found.length > 0) return found;
  return [
    ok(
      "addons",
      fitting.length === 0
        ? "none of its native addons is for this platform"
        : `${fitting.length} for this platform, with all the libraries that they need`,
    ),
  ];
}

/**
 * Packages with addons of which none is for this platform. One that exists once a platform is another question, which
 * the look at the platform answers.
 */
function checkServed(addons: readonly NativeFile[], fitting: readonly NativeFile[], { packages }: Manifest): Finding | null {
  const names = new Map(packages.map(({ path, name }) => [path, name]));
  const served = new Set(fitting.map((addon) => addon.package));
  const isOfFamily = (owner: string): boolean => readPlatformName(names.get(owner) ?? "").os !== null;
  const lacking = addons.filter((addon) => !served.has(addon.package) && !isOfFamily(addon.package));
  if (lacking.length === 0) return null;
  const which = [...new Set(lacking.map((addon) => names.get(addon.package) ?? addon.file))];
  return warning(
    "addons",
    `for other platforms only, so that their packages do without them, or fail: ${list(which)}`,
    "try what needs them, or install them for this platform and pack again",
  );
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
  return fails(
    "addons",
    `built for another Node.js than one of ABI ${abi}: ${list(which)}`,
    "run `npm rebuild` with the node that runs it, and pack again",
  );
}

async function checkLibraries(folder: string, addons: readonly NativeFile[], natives: readonly NativeFile[]): Promise<Finding | null> {
  const brought = new Set(natives.map(({ file }) => basename(file)));
  const loader = readElf(process.execPath, null)?.interpreter;
  if (loader === undefined || loader === null)
    return warning(
      "addons",
      "this node has no dynamic loader that could be asked for libraries",
      "load them: node -e 'require(\"PACKAGE\")'",
    );
  const missing: string[] = [];
  const misled: string[] = [];
  for (const { file } of addons) {
    const why = await askLoader(loader, join(folder, file));
    if (why === null) continue;
    (why.lacks.length > 0 && why.lacks.every((name) => brought.has(basename(name))) ? misled : missing).push(`${file} (${why.reason})`);
  }
  // The environment has the libraries: it is their folder that these look for where the environment was made.
  if (misled.length > 0 && missing.length === 0) {
    return fails(
      "addons",
      `look for libraries of the environment where it was made: ${list(misled)}`,
      "run `envpack relocate` on it; where that has no room for the path, restore it in a folder with a shorter one, or pack it again with a newer envpack",
    );
  }
  if (missing.length === 0) return null;
  append(missing, misled);
  return fails(
    "addons",
    `cannot be loaded: ${list(missing)}`,
    "install the system packages that have these libraries, or run on a machine or an image that does",
  );
}

/**
 * The dynamic loader tells what it would load, as it does for ldd(1), and runs nothing of it: glibc's is asked by a
 * variable (with `--list` it would end at the first library that is missing), musl's by an option.
 */
async function askLoader(loader: string, file: string): Promise<{ readonly reason: string; readonly lacks: readonly string[] } | null> {
  const { LD_LIBRARY_PATH: path } = process.env;
  const env = path === undefined ? {} : { LD_LIBRARY_PATH: path };
  const { status, output } = loader.includes("ld-musl")
    ? await start(loader, ["--list", file], env)
    : await start(loader, [file], { ...env, LD_TRACE_LOADED_OBJECTS: "1" });
  const absent = [
    ...new Set(
      [...output.matchAll(/^[ \t]*(\S+) => not found|^Error loading shared library ([^\s:]+)/gm)].map(
        (match) => match[1] ?? match[2] ?? "",
      ),
    ),
  ];
  if (absent.length > 0) return { reason: `lacks ${absent.join(", ")}`, lacks: absent };
  const version = /version [`'](\S+)' not found/.exec(output)?.[1];
  if (version !== undefined) return { reason: `lacks ${version}`, lacks: [] };
  // musl's loader stumbles over the symbols of node itself, which an addon finds in the process that loads it.
  if (status === 0 || /Error relocating/.test(output)) return null;
  return /cannot enable executable|failed to map segment|Operation not permitted|Permission denied/i.test(output)
    ? { reason: "may not be mapped for execution: noexec?", lacks: [] }
    : null;
}

function list(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
}
