import { lstat, mkdir, mkdtemp, readFile, realpath, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { EnvpackError, explainError } from "../errors.js";
import { checkName } from "./package-name.js";
import { extractPackage } from "./package-tarball.js";

/**
 * Makes packages of what was added for one run: a folder or an npm tarball by its package's name, a single
 * file by its name with and without the ending (`job_helpers.mjs` and `job_helpers`). Folders and files are
 * linked, so that what they import beside them is found where they lie.
 *
 * @param added paths of files, folders and .tgz archives
 * @param folder private to the caller; packages appear in its node_modules
 * @throws EnvpackError USAGE, ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export async function makeOverlay(added: readonly string[], folder: string, signal?: AbortSignal): Promise<void> {
  const packages = join(folder, "node_modules");
  await mkdir(packages);
  for (const given of added) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    await addOne(resolve(given), packages).catch((error: unknown) => {
      throw explainError(error, "cannot add", given);
    });
  }
}

async function addOne(path: string, packages: string): Promise<void> {
  // What it is called is the name that was given; what it imports beside it lies where it really is.
  const real = await realpath(path);
  const stats = await stat(real);
  if (stats.isDirectory()) return addFolder(path, real, packages);
  if (!stats.isFile()) throw new EnvpackError("USAGE", "only files and folders can be added", { path });
  if (/\.(tgz|tar\.gz)$/i.test(path)) return addTarball(path, packages);
  return addFile(path, real, packages);
}

async function addFolder(path: string, real: string, packages: string): Promise<void> {
  const name = await readName(real, path);
  const place = await freePlace(packages, checkName(name ?? basename(path), path), path);
  await symlink(real, place, "junction");
}

async function addTarball(path: string, packages: string): Promise<void> {
  const staging = await mkdtemp(join(dirname(packages), "package-"));
  await extractPackage(path, staging);
  const name = await readName(staging, path);
  if (name === undefined) throw new EnvpackError("USAGE", "not a package of npm: its package.json has no name", { path, hint: "`npm pack` makes one" });
  const place = await freePlace(packages, checkName(name, path), path);
  await symlink(staging, place, "junction");
}

async function addFile(path: string, real: string, packages: string): Promise<void> {
  const file = basename(path);
  const bare = basename(file, extname(file));
  for (const name of new Set([file, bare])) {
    const place = await freePlace(packages, checkName(name, path), path);
    await mkdir(place);
    await symlink(real, join(place, file));
    await writeFile(join(place, "package.json"), JSON.stringify({ name, exports: { ".": `./${file}` } }));
  }
}

/** Where a package goes; its scope's folder is made. */
async function freePlace(packages: string, name: string, path: string): Promise<string> {
  const place = join(packages, name);
  await mkdir(dirname(place), { recursive: true });
  if ((await lstat(place).catch(() => null)) === null) return place;
  throw new EnvpackError("USAGE", `two things were added by the name ${name}`, { path, hint: "leave one away, or rename it" });
}

/** The name in a package.json; undefined where there is none. */
async function readName(folder: string, path: string): Promise<unknown> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    return (JSON.parse(text.replace(/^\uFEFF/, "")) as { name?: unknown } | null)?.name;
  } catch (cause) {
    throw new EnvpackError("USAGE", "its package.json is no JSON", { path, cause });
  }
}
