import { fitsPlatform, isForElectron } from "../../native/fits.js";
import type { NativeFile } from "../../native/native-file.js";
import type { Environment } from "../environment.js";
import { admits } from "../platform-families.js";
import { isBuilt } from "../target.js";
import type { TargetPlatform } from "./triple.js";

/**
 * What packages bring for other platforms than the target, as paths relative to the root: addons, libraries and programs by their
 * headers (`prebuilds/darwin-arm64/x.node`, `mac/x64/7za`), and packages that exist once a platform where another of their family is for the target (a manager
 * that chooses no C library brings both). What the project itself holds is its own business, and what a compiler left
 * is no choice of a package's: both are judged elsewhere.
 */
export function findForeign(environment: Environment, target: TargetPlatform): ReadonlySet<string> {
  const { natives, executables = [], families = [] } = environment;
  const own = ownPackages(environment);
  const files = [...natives, ...executables]
    .filter((native) => !own.has(native.package) && !isBuilt(native) && isForeign(native, target))
    .map(({ file }) => file);
  const folders = families.flatMap(({ installed }) =>
    installed.some((one) => admits(one, target)) ? installed.filter((one) => !admits(one, target)).map(({ path }) => path) : [],
  );
  return new Set([...files, ...folders]);
}

/** Paths of the packages that are the project's own: itself, and members of its workspace. */
export function ownPackages({ packages }: Pick<Environment, "packages">): ReadonlySet<string> {
  return new Set([
    "",
    ...packages.filter(({ path }) => !path.includes("node_modules/") && !path.startsWith("../")).map(({ path }) => path),
  ]);
}

/** Whether a binary is for another platform, or for Electron's own Node.js. */
export function isForeign(native: NativeFile, target: TargetPlatform): boolean {
  return native.os !== null && (!fitsPlatform(native, target) || isForElectron(native.file));
}
