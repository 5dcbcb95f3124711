import { lstat, mkdtemp, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { copy, ensureDir, ensureSymlink, outputJson } from "fs-extra/esm";
import { EnvpackError, explainError } from "../../support/errors.js";
import { checkName } from "./package-name.js";
import { extractPackage } from "../../archive/package-tarball.js";
import { readShortText } from "../../support/read-text.js";

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
  await ensureDir(packages);
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
  await linkOrCopy(real, place);
}

async function addTarball(path: string, packages: string): Promise<void> {
  const staging = await mkdtemp(join(dirname(packages), "package-"));
  await extractPackage(path, staging);
  const name = await readName(staging, path);
  if (name === undefined)
    throw new EnvpackError("USAGE", "not a package of npm: its package.json has no name", { path, hint: "`npm pack` makes one" });
  const place = await freePlace(packages, checkName(name, path), path);
  await linkOrCopy(staging, place);
}

async function addFile(path: string, real: string, packages: string): Promise<void> {
  const file = basename(path);
  const bare = basename(file, extname(file));
  for (const name of new Set([file, bare])) {
    const place = await freePlace(packages, checkName(name, path), path);
    await outputJson(join(place, "package.json"), { name, exports: { ".": `./${file}` } });
    await linkOrCopy(real, join(place, file));
  }
}

/** What a system says that has no symbolic links here, or lets only some users make them. */
const NO_LINKS = new Set(["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"]);

/** Links a file or a folder; where there are no links it is copied, and finds beside it what was copied with it. */
export async function linkOrCopy(real: string, place: string, link: typeof ensureSymlink = ensureSymlink): Promise<void> {
  try {
    await link(real, place, "junction");
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await copy(real, place, { dereference: true });
  }
}

/** Where a package goes; the folders above it are made with it. */
async function freePlace(packages: string, name: string, path: string): Promise<string> {
  const place = join(packages, name);
  if ((await lstat(place).catch(() => null)) === null) return place;
  throw new EnvpackError("USAGE", `two things were added by the name ${name}`, { path, hint: "leave one away, or rename it" });
}

/** The name in a package.json; undefined where there is none. */
async function readName(folder: string, path: string): Promise<unknown> {
  try {
    const text = readShortText(join(folder, "package.json"));
    return (JSON.parse(text.replace(/^\uFEFF/, "")) as { name?: unknown } | null)?.name;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new EnvpackError("USAGE", "its package.json is no JSON", { path, cause });
  }
}
