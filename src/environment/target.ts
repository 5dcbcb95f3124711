import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { THIS_MACHINE } from "../support/this-machine.js";
import { readHost, type Host } from "../manifest/host.js";
import { tripleOf, type Target } from "../manifest/target.js";
import type { NativeFile } from "../native/native-file.js";
import { enumerate } from "../support/enumerate.js";
import type { Environment } from "./environment.js";
import { crossArgs, installCommand } from "./managers/detect.js";
import { MANAGERS } from "./managers/registry.js";
import { commonPlatform, findMisplaced, type PlatformPackage } from "./platform-families.js";

/**
 * The platform that an environment is packed for: that of the runtime that goes in; without one, what its packages were
 * installed for.
 */
export function targetOf({ runtime, installedFor }: Pick<Environment, "runtime" | "installedFor">): Target {
  if (runtime !== null) return { os: runtime.os, arch: runtime.arch, libc: runtime.libc, abi: runtime.abi };
  return { ...(installedFor ?? { ...THIS_MACHINE, libc: null }), abi: null };
}

/**
 * What packages were installed for, where they are not for this machine: all of those that tell agree. Else it is this
 * machine.
 */
export async function findInstalledFor(
  { families = [], natives, packages }: Pick<Environment, "families" | "natives" | "packages">,
  omitDev: boolean,
): Promise<Omit<Target, "abi">> {
  const host = await readHost();
  const left = new Set(omitDev ? packages.filter(({ dev }) => dev).map(({ path }) => path) : []);
  const misplaced = findMisplaced(families, host, (path) => !left.has(path));
  const found =
    misplaced.length > 0
      ? commonPlatform(misplaced)
      : builtFor(
          natives.filter(({ package: owner }) => !left.has(owner)),
          host,
        );
  if (found === null) return { os: host.os, arch: host.arch, libc: host.libc };
  return { ...found, libc: found.libc ?? libcOfNatives(natives, found) };
}

/** What a compiler, or an install script in its place, made is for the machine where it was installed. */
function builtFor(natives: readonly NativeFile[], host: Host): Omit<Target, "abi"> | null {
  const built = natives.filter(isBuilt);
  const [first] = built;
  if (
    first === undefined ||
    first.os === null ||
    first.arch === null ||
    built.some(({ os, arch }) => os !== first.os || arch !== first.arch)
  )
    return null;
  const libc = built.find((one) => one.libc !== null)?.libc ?? null;
  const isHere =
    first.os === host.os &&
    [first.arch, ...(first.alsoFor ?? [])].includes(host.arch) &&
    (libc === null || host.libc === null || libc === host.libc);
  return isHere ? null : { os: first.os, arch: first.arch, libc };
}

/** Packages need not name a C library: their addons do. */
function libcOfNatives(natives: readonly NativeFile[], { os, arch }: Pick<Target, "os" | "arch">): Target["libc"] {
  const named = new Set(natives.filter((one) => one.os === os && one.arch === arch && one.libc !== null).map(({ libc }) => libc));
  const [only] = named;
  return named.size === 1 ? (only ?? null) : null;
}

/** The output of node-gyp for the package itself, not some file of its tests. */
export function isBuilt(native: Pick<NativeFile, "file" | "package">): boolean {
  const inside = native.package === "" ? native.file : native.file.slice(native.package.length + 1);
  return /^build\/(Release|Debug)\/[^/]+\.node$/.test(inside);
}

/**
 * Makes sure that the packages that go in were installed for the platform that is packed for.
 *
 * @param isPacked whether a package (its path) goes in: others do not matter
 * @param force tells of it and goes on
 * @throws EnvpackError INSTALLED_FOR_OTHER_PLATFORM with the platform, the packages that tell it and the way out
 */
export function checkInstalledFor(environment: Environment, isPacked: (path: string) => boolean, force = false): Notice[] {
  const target = targetOf(environment);
  const misplaced = findMisplaced(environment.families ?? [], target, isPacked);
  if (misplaced.length === 0) return [];
  const error = refuse(environment, target, misplaced);
  if (!force) throw error;
  return [{ code: error.code, message: `${error.message}; packed as it is`, path: error.path }];
}

function refuse(environment: Environment, target: Target, misplaced: readonly PlatformPackage[]): EnvpackError {
  const found = commonPlatform(misplaced);
  const platform = found === null ? null : { ...found, libc: found.libc ?? libcOfNatives(environment.natives, found) };
  const names = enumerate([...new Set(misplaced.map(({ name }) => name))]);
  const what =
    platform === null
      ? `parts of what is installed are for other platforms than ${tripleOf(target)}`
      : `what is installed is for ${tripleOf(platform)}`;
  const runtime = environment.runtime === null ? "the rest is" : `Node.js ${environment.runtime.version}, which goes in, is`;
  const keep =
    platform === null || environment.runtime === null
      ? ""
      : `; for ${tripleOf(platform)} pack with \`--platform ${tripleOf(platform)}\`, name a node of that platform with \`--node PATH\`, or let it use the one it finds with \`--node none\``;
  return new EnvpackError("INSTALLED_FOR_OTHER_PLATFORM", `${what}: ${names}; ${runtime} for ${tripleOf(target)}`, {
    path: environment.root,
    hint: `for ${tripleOf(target)} ${installFor(environment, target)}${keep}; \`--force-platform\` packs it as it is`,
  });
}

/** How the environment's own manager installs for a platform. */
function installFor({ manager, kind, root }: Environment, target: Target): string {
  const found = MANAGERS.find(
    ({ name, owns }) => name === manager?.name && (owns === undefined || manager.version === null || owns({ version: manager.version })),
  );
  if (found === undefined || kind !== "project") return "install its packages again on a machine of that platform";
  const { name, cross } = found;
  // `npm ci` takes all away by itself. Of others what is there would stay, and pnpm's --force brings every platform.
  const install = installCommand(found, root);
  const clean = install === "npm ci" ? install : `rm -rf node_modules && ${install}`;
  // npm may have been told of the other platform in an .npmrc, so it is told of this one as well.
  if (target.os === THIS_MACHINE.os && target.arch === THIS_MACHINE.arch && name !== "npm") return `install again with \`${clean}\``;
  const args = crossArgs(found, target);
  return `install again with \`${[clean, ...args].join(" ")}\`${cross.args === null && cross.setting !== undefined ? ` and ${cross.setting}` : ""}`;
}
