import { join } from "node:path";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { readShortText } from "../support/read-text.js";
import { compareVersions } from "../support/compare-versions.js";
import { fitsAbi, fitsPlatform, isForElectron } from "../native/fits.js";
import type { NativeFile } from "../native/native-file.js";
import type { Environment } from "./environment.js";
import type { Runtime } from "./runtime.js";
import { isBuilt, targetOf } from "./target.js";
import { isSystemLibrary } from "../native/system-libraries.js";

/**
 * The highest GLIBC version that the runtime and the native libraries need, as "2.28"; null where
 * nothing needs glibc. Libraries for other platforms, and those for musl on a glibc
 * system, do not count: nothing loads them here.
 */
export function requiredGlibc(environment: Pick<Environment, "runtime" | "natives" | "installedFor">): string | null {
  const target = targetOf(environment);
  const versions = environment.natives.filter((native) => fitsPlatform(native, target)).map((native) => native.glibc);
  if (environment.runtime !== null) versions.push(environment.runtime.glibc);
  const known = versions.filter((version) => version !== null);
  return known.reduce<string | null>(
    (highest, version) => (highest === null || compareVersions(version, highest) > 0 ? version : highest),
    null,
  );
}

/**
 * Throws ADDON_MISMATCH where a package's addon cannot be loaded by the packed runtime, and tells of those that could
 * not be loaded where they were installed either.
 *
 * What node-gyp built (`build/Release/*.node`) is loaded whatever it is, so each must fit. Of all
 * other addons of a package (`prebuilds/`, `lib/binding/`, files beside package.json) the package picks the
 * one that fits, so it is enough that one does; where all are for other platforms the
 * package does without, as it did where it was installed.
 *
 * A package that brings addons for other versions of Node only, as for older ones, is a fault where another Node is packed
 * than the one it was installed with. Packed with that same one, it is as it was before: a note tells of it.
 *
 * @param isPacked whether a file (relative to the root) goes in; others do not matter
 * @returns notices, one a package
 */
export function checkAddons(environment: Environment, isPacked: (file: string) => boolean): Notice[] {
  const { runtime } = environment;
  if (runtime === null) return [];
  const addons = environment.natives.filter(({ file }) => file.endsWith(".node") && !isForElectron(file) && isPacked(file));
  for (const native of addons.filter(isBuilt)) {
    if (!fitsPlatform(native, runtime) || !fitsAbi(native, runtime)) throw mismatch(environment, runtime, native);
  }
  const fitting = addons.filter((native) => fitsPlatform(native, runtime));
  const served = new Set(fitting.filter((native) => fitsAbi(native, runtime)).map((native) => native.package));
  const lacking = new Map(
    fitting.filter((native) => !isBuilt(native) && !served.has(native.package)).map((native) => [native.package, native]),
  );
  if (lacking.size === 0) return [];
  const isSame = installedAbi(environment, addons) === runtime.abi;
  return [...lacking.values()].map((native) => {
    if (!isSame) throw mismatch(environment, runtime, native);
    const message = `${nameOf(environment, native)} brings addons for other versions of Node.js only; it was installed with this one, so it does without, or fails, here as there`;
    return { code: "ADDON_WITHOUT_MATCH", message, path: native.file };
  });
}

/**
 * The NODE_MODULE_VERSION that the environment was installed with, as "115": Yarn 1 wrote it down, and what node-gyp built
 * was built for it. Where neither tells, that of the Node that runs here: what is packed is what works with it.
 */
function installedAbi({ root }: Environment, addons: readonly NativeFile[]): string {
  const built = addons
    .filter(isBuilt)
    .map(({ abi }) => abi)
    .find((abi) => abi !== null && abi !== "napi");
  return yarnAbi(root) ?? built ?? process.versions.modules;
}

/** `"systemParams": "linux-x64-115"` */
function yarnAbi(root: string): string | null {
  try {
    return /"systemParams": "[a-z0-9]+-[a-z0-9]+-(\d+)"/.exec(readShortText(join(root, "node_modules/.yarn-integrity")))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** How many addons a notice names. */
const NAMED = 3;

/**
 * Tells of addons that need libraries which do not go in with them: who runs the environment has to have those.
 *
 * @param isPacked whether a file (relative to the root) goes in
 */
export function noticeLibraries(environment: Environment, isPacked: (file: string) => boolean): Notice[] {
  const { natives, packages } = environment;
  const target = targetOf(environment);
  const packed = natives.filter((native) => isPacked(native.file));
  const brought = new Set(packed.map(({ file }) => file.slice(file.lastIndexOf("/") + 1)));
  const lacking = packed
    .filter((native) => native.file.endsWith(".node") && fitsPlatform(native, target) && !isForElectron(native.file))
    .map((native) => ({
      native,
      missing: native.needed.filter((name) => !isSystemLibrary(name) && !brought.has(name.slice(name.lastIndexOf("/") + 1))),
    }))
    .filter(({ missing }) => missing.length > 0);
  const [first] = lacking;
  if (first === undefined) return [];
  const told = lacking
    .slice(0, NAMED)
    .map(
      ({ native, missing }) => `${packages.find(({ path }) => path === native.package)?.name ?? native.file} needs ${missing.join(", ")}`,
    );
  const more = lacking.length > NAMED ? `; and ${lacking.length - NAMED} more` : "";
  const message = `libraries that do not go in have to be on the machines that run it (envpack doctor looks for them): ${told.join("; ")}${more}`;
  return [{ code: "NEEDS_LIBRARIES", message, path: first.native.file }];
}

function mismatch(environment: Environment, runtime: Runtime, native: NativeFile): EnvpackError {
  const name = nameOf(environment, native);
  const built = fitsPlatform(native, runtime)
    ? `for NODE_MODULE_VERSION ${native.abi ?? "unknown"}; node ${runtime.version} has ${runtime.abi}`
    : `for ${[native.os, native.arch, native.libc].filter((part) => part !== null).join(" ")}`;
  return new EnvpackError("ADDON_MISMATCH", `the addon of ${name} was built ${built}`, {
    path: native.file,
    hint: `${rebuild(native, runtime)}, or leave it out with \`--exclude '/${escapePattern(native.file)}'\` if nothing needs it`,
  });
}

function nameOf({ packages }: Environment, native: NativeFile): string {
  const found = packages.find(({ path }) => path === native.package);
  return found === undefined ? native.package : `${found.name}@${found.version}`;
}

/** Lines of Node by the NODE_MODULE_VERSION that all their releases have. */
const LINES = new Map([
  ["93", "16"],
  ["108", "18"],
  ["115", "20"],
  ["127", "22"],
  ["137", "24"],
]);

function rebuild(native: NativeFile, runtime: Runtime): string {
  if (!fitsPlatform(native, runtime)) return "install it on a machine like the ones that are to run it";
  const line = LINES.get(native.abi ?? "");
  const way =
    line === undefined ? "the node that it was built for with `--node`" : `the node that it was built for with \`--node ${line}\``;
  return `run \`npm rebuild\` with node ${runtime.version}, pack ${way}`;
}

/** A path as a pattern that means it alone. */
function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]{}!#]/g, "\\$&");
}
