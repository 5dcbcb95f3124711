import { copyFileSync, existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { extract } from "tar/extract";
import type { TargetPlatform } from "../../../environment/cross/triple.js";
import { findLocalPackages } from "../../../environment/cross/local-packages.js";
import { readPackageJson } from "../../../environment/package-json.js";
import { findInstalled } from "../../../environment/installed.js";
import { tripleOf } from "../../../manifest/target.js";
import { listTree } from "../../../listing/listing.js";
import { readBinaryPlatform } from "../../../native/binary-platform.js";
import { findNatives } from "../../../native/find-natives.js";
import { findPrograms } from "../../../native/find-programs.js";
import { fitsPlatform } from "../../../native/fits.js";
import type { NativeFile } from "../../../native/native-file.js";
import { EnvpackError, explainError } from "../../../support/errors.js";
import { readShortText } from "../../../support/read-text.js";

/** A binary that somebody built on the target, or fetched by themselves, for a package whose install script is not run. */
export interface Prebuilt {
  /** A package's name, or "name@version" where several versions are installed. */
  readonly name: string;
  /** An addon (`.node`), or a tarball as `prebuild` makes it, whose paths begin in the package's folder. */
  readonly file: string;
}

/** What was installed: its root, and the folders with a node_modules, relative to it. */
export interface InstalledTree {
  readonly root: string;
  readonly importers: readonly string[];
}

/**
 * Puts given binaries into their packages.
 *
 * @throws EnvpackError USAGE where no such package is installed, NATIVE_UNAVAILABLE where a binary is for another platform
 */
export async function putPrebuilt(prebuilt: readonly Prebuilt[], tree: InstalledTree, target: TargetPlatform): Promise<void> {
  for (const one of prebuilt) {
    const packages = findPackages(one.name, tree);
    if (packages.length === 0)
      throw new EnvpackError("USAGE", `--prebuilt names a package that is not installed: ${one.name}`, {
        hint: "name it as `envpack list` does, without a path",
      });
    for (const place of packages) await putInto(place, one.file, target);
  }
}

/** Folders, absolute; a package may be installed several times. */
function findPackages(spec: string, { root, importers }: InstalledTree): string[] {
  const at = spec.indexOf("@", 1);
  const [name, version] = at === -1 ? [spec, null] : [spec.slice(0, at), spec.slice(at + 1)];
  const places = [...findInstalled(root, importers).map(({ path }) => path), ...findLocalPackages(root, importers)].map((path) =>
    join(root, path),
  );
  const found = places.filter((place) => {
    const json = readPackageJson(place);
    return typeof json !== "string" && json.name === name && (version === null || json.version === version);
  });
  return [...new Set(found.map((place) => realpathSync(place)))];
}

async function putInto(place: string, file: string, target: TargetPlatform): Promise<void> {
  if (!existsSync(file)) throw new EnvpackError("USAGE", "--prebuilt names a file that is not there", { path: file });
  if (file.endsWith(".node")) return putAddon(place, file, target);
  const unpacked = new Set<string>();
  try {
    // Links could lead out of the package; a prebuild has none.
    await extract({
      file,
      cwd: place,
      strict: true,
      preservePaths: false,
      filter: (path, entry) => {
        unpacked.add(posix.normalize(path));
        return !("type" in entry) || entry.type === "File" || entry.type === "Directory";
      },
    });
  } catch (error) {
    throw new EnvpackError("USAGE", "--prebuilt takes a .node file, or a tarball as prebuild makes it", {
      path: file,
      cause: explainError(error, "cannot unpack"),
    });
  }
  const added = findBinaries(place).filter((native) => unpacked.has(native.file));
  if (added.length === 0)
    throw new EnvpackError("USAGE", "the tarball holds no addon and no program", {
      path: file,
      hint: "name one as `prebuild` makes it, with build/Release/NAME.node, or one with a program at the place where the package looks for it",
    });
  const wrong = added.find((native) => !fitsPlatform(native, target));
  if (wrong !== undefined) throw forOther(file, wrong, target);
}

function findBinaries(place: string): NativeFile[] {
  const tree = listTree(place);
  return [...findNatives(tree, []), ...findPrograms(tree, [])];
}

function putAddon(place: string, file: string, target: TargetPlatform): void {
  const platform = readBinaryPlatform(file);
  if (platform === null)
    throw new EnvpackError("USAGE", "--prebuilt names a file that is no addon", {
      path: file,
      hint: "name a .node file that was built on the target",
    });
  if (!fitsPlatform(platform, target)) throw forOther(file, platform, target);
  const to = join(place, posix.join("build/Release", `${targetName(place) ?? basename(file, ".node")}.node`));
  mkdirSync(dirname(to), { recursive: true });
  rmSync(to, { force: true });
  copyFileSync(file, to);
}

/** The name that node-gyp gives the addon, by which `bindings` looks for it. */
function targetName(place: string): string | null {
  try {
    return /["']target_name["']\s*:\s*["']([\w.+-]+)["']/.exec(readShortText(join(place, "binding.gyp"), 1 << 20))?.[1] ?? null;
  } catch {
    return null;
  }
}

function forOther(
  file: string,
  { os, arch, libc }: { readonly os: string | null; readonly arch: string | null; readonly libc: TargetPlatform["libc"] },
  target: TargetPlatform,
): EnvpackError {
  return new EnvpackError(
    "NATIVE_UNAVAILABLE",
    `this was built for ${tripleOf({ os: os ?? "an unknown system", arch: arch ?? "an unknown processor", libc })}, and what is packed is for ${tripleOf(target)}`,
    { path: file, hint: "give the one that was built on that platform" },
  );
}
