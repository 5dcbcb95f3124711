import { EnvpackError } from "../errors.js";
import type { Notice } from "../progress.js";
import { compareVersions } from "./elf.js";
import type { Environment, NativeFile } from "./environment.js";
import type { Runtime } from "./runtime.js";
import { isSystemLibrary } from "./system-libraries.js";

type Target = Pick<Runtime, "os" | "arch" | "libc" | "abi">;

/**
 * The highest GLIBC version that the runtime and the native libraries need, as "2.28"; null where
 * nothing needs glibc. Libraries for other platforms, and those for musl on a glibc
 * system, do not count: nothing loads them here.
 */
export function requiredGlibc(environment: Pick<Environment, "runtime" | "natives">): string | null {
  const target = environment.runtime ?? hostTarget(environment.natives);
  const versions = environment.natives.filter((native) => fitsPlatform(native, target)).map((native) => native.glibc);
  if (environment.runtime !== null) versions.push(environment.runtime.glibc);
  const known = versions.filter((version) => version !== null);
  return known.reduce<string | null>(
    (highest, version) => (highest === null || compareVersions(version, highest) > 0 ? version : highest),
    null,
  );
}

/** Without a runtime the environment is for machines like this one. */
function hostTarget(natives: readonly NativeFile[]): Omit<Target, "abi"> {
  const libc = natives.some((native) => native.libc === "glibc") ? "glibc" : null;
  return { os: process.platform, arch: process.arch, libc };
}

/** Whether the loader of a package would take this library on that platform. */
export function fitsPlatform(native: Pick<NativeFile, "os" | "arch" | "libc">, target: { readonly os: string; readonly arch: string; readonly libc: Target["libc"] }): boolean {
  if (native.os !== target.os) return false;
  if (native.arch !== null && native.arch !== target.arch) return false;
  return native.libc === null || target.libc === null || native.libc === target.libc;
}

/**
 * Throws ADDON_MISMATCH where a package's addon cannot be loaded by the packed runtime.
 *
 * What node-gyp built (`build/Release/*.node`) is loaded whatever it is, so each must fit. Of all
 * other addons of a package (`prebuilds/`, `lib/binding/`, files beside package.json) the package picks the
 * one that fits, so it is enough that one does; where all are for other platforms the
 * package does without, as it did where it was installed.
 *
 * @param isPacked whether a file (relative to the root) goes in; others do not matter
 */
export function checkAddons(environment: Environment, isPacked: (file: string) => boolean): void {
  const { runtime } = environment;
  if (runtime === null) return;
  const addons = environment.natives.filter(({ file }) => file.endsWith(".node") && !isForElectron(file) && isPacked(file));
  for (const native of addons.filter(isBuilt)) {
    if (!fitsPlatform(native, runtime) || !fitsAbi(native, runtime)) throw mismatch(environment, runtime, native);
  }
  const choices = addons.filter((native) => !isBuilt(native) && fitsPlatform(native, runtime));
  for (const native of choices) {
    const siblings = addons.filter((other) => other.package === native.package && fitsPlatform(other, runtime));
    if (!siblings.some((other) => fitsAbi(other, runtime))) throw mismatch(environment, runtime, native);
  }
}

/** How many addons a notice names. */
const NAMED = 3;

/**
 * Tells of addons that need libraries which do not go in with them: who runs the environment has to have those.
 *
 * @param isPacked whether a file (relative to the root) goes in
 */
export function noticeLibraries({ runtime, natives, packages }: Environment, isPacked: (file: string) => boolean): Notice[] {
  const target = runtime ?? hostTarget(natives);
  const packed = natives.filter((native) => isPacked(native.file));
  const brought = new Set(packed.map(({ file }) => file.slice(file.lastIndexOf("/") + 1)));
  const lacking = packed
    .filter((native) => native.file.endsWith(".node") && fitsPlatform(native, target) && !isForElectron(native.file))
    .map((native) => ({ native, missing: native.needed.filter((name) => !isSystemLibrary(name) && !brought.has(name)) }))
    .filter(({ missing }) => missing.length > 0);
  const [first] = lacking;
  if (first === undefined) return [];
  const told = lacking.slice(0, NAMED).map(({ native, missing }) => `${packages.find(({ path }) => path === native.package)?.name ?? native.file} needs ${missing.join(", ")}`);
  const more = lacking.length > NAMED ? `; and ${lacking.length - NAMED} more` : "";
  const message = `libraries that do not go in have to be on the machines that run it (envpack doctor looks for them): ${told.join("; ")}${more}`;
  return [{ code: "NEEDS_LIBRARIES", message, path: first.native.file }];
}

/** The output of node-gyp for the package itself, not some file of its tests. */
function isBuilt(native: NativeFile): boolean {
  const inside = native.package === "" ? native.file : native.file.slice(native.package.length + 1);
  return /^build\/(Release|Debug)\/[^/]+\.node$/.test(inside);
}

/** `prebuilds/linux-x64/electron.abi110.node`, `bin/electron-v20…/x.node` */
export function isForElectron(file: string): boolean {
  return /(^|\/)electron[.-]/.test(file.slice(file.lastIndexOf("node_modules/") + 1));
}

export function fitsAbi(native: Pick<NativeFile, "abi">, target: Pick<Target, "abi">): boolean {
  return native.abi === null || native.abi === "napi" || native.abi === target.abi;
}

function mismatch(environment: Environment, runtime: Runtime, native: NativeFile): EnvpackError {
  const found = environment.packages.find(({ path }) => path === native.package);
  const name = found === undefined ? native.package : `${found.name}@${found.version}`;
  const built = fitsPlatform(native, runtime)
    ? `for NODE_MODULE_VERSION ${native.abi ?? "unknown"}; node ${runtime.version} has ${runtime.abi}`
    : `for ${[native.os, native.arch, native.libc].filter((part) => part !== null).join(" ")}`;
  return new EnvpackError("ADDON_MISMATCH", `the addon of ${name} was built ${built}`, {
    path: native.file,
    hint: "run `npm rebuild` with the node that is packed, or pack the node that it was built for with `--node`",
  });
}
