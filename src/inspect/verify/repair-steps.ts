import { constants } from "node:fs";
import { link, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { META, type Entry } from "../../archive/entry.js";
import type { ArchiveFile } from "../../archive/read.js";
import { extractArchive } from "../../engine/read/extract.js";
import { applyFixups, readRelocation } from "../../relocate/apply.js";
import { decodeFixups } from "../../manifest/fixup-file.js";
import { RELOCATED_FILE, type Relocation } from "../../relocate/relocation.js";
import { REPAIR_PREFIX, type Comparison, type Difference } from "./compare.js";
import { removeTree } from "../../support/remove-tree.js";
import type { RepairOptions } from "./repair-options.js";
import { MAX_FIXUPS } from "../../support/limits.js";

/** What is mended, and with what. */
export interface RepairContext {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly archivePath: string;
  readonly archive: ArchiveFile;
  readonly compare: () => Promise<Comparison>;
}

/** Removes what a repair left that was killed. Only for who holds the lock of repairs. */
export async function clearRepairs(folder: string): Promise<void> {
  const meta = join(folder, META.folder);
  for (const name of await readdir(meta)) if (/^repairing-\d+$/.test(name)) await removeTree(join(meta, name));
}

/** Mends what differs. Only for who holds the lock of repairs. */
export async function repairDifferences(context: RepairContext, differences: readonly Difference[], options: RepairOptions): Promise<void> {
  const { folder } = context;
  const work = join(folder, META.folder, `${REPAIR_PREFIX}${process.pid}`);
  await mkdir(work, { mode: 0o700 });
  try {
    const relocation = await openRelocation(folder);
    const wanted = await mendFolders(context, pathsOf(differences), work);
    const files = await mendFiles(context, wanted, work, options);
    await mendLinks(context, wanted, files, work);
    if (wanted.has(META.index)) await mendIndex(context, work);
    await relocateAgain(context, relocation, files, options);
  } finally {
    await removeTree(work);
  }
}

function pathsOf(differences: readonly Difference[]): Set<string> {
  return new Set(differences.filter(({ kind }) => kind !== "added").map(({ path }) => path));
}

/** Makes the folders that are missing. Where a link stood in place of one, what was seen through it is looked for anew. */
async function mendFolders(context: RepairContext, wanted: Set<string>, work: string): Promise<Set<string>> {
  let replaced = false;
  for (const entry of context.archive.index.entries) {
    if (entry.type !== "directory" || !wanted.has(entry.path)) continue;
    const path = join(context.folder, entry.path);
    // A folder is a difference where everybody may write to it; whose it is only root could change.
    if (await closeFolder(path)) continue;
    if (await isPresent(path)) {
      await rename(path, join(work, "obstacle"));
      await rm(join(work, "obstacle"));
      replaced = true;
    }
    await mkdir(path, { mode: 0o755 });
  }
  return replaced ? pathsOf((await context.compare()).differences) : wanted;
}

/** Takes the right to write from everybody else, where a folder is there. */
async function closeFolder(path: string): Promise<boolean> {
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code ?? "")) return null;
    throw error;
  });
  try {
    const mode = (await handle?.stat())?.mode ?? 0;
    if ((mode & 0o002) !== 0) await handle?.chmod(mode & 0o7775);
    return handle !== null;
  } finally {
    await handle?.close();
  }
}

/** @returns the files that were put in place */
async function mendFiles(
  { folder, archivePath, archive }: RepairContext,
  wanted: ReadonlySet<string>,
  work: string,
  options: RepairOptions,
): Promise<Set<string>> {
  const files = archive.index.entries.filter((entry) => entry.type === "file" && wanted.has(entry.path)).map(({ path }) => path);
  const placed = new Set<string>();
  if (files.length === 0) return placed;
  const only = new Set(files);
  const stage = join(work, "files");
  await mkdir(stage);
  await extractArchive({ kind: "file", path: archivePath }, stage, {
    threads: options.threads ?? 1,
    only: (path) => only.has(path),
    signature: options.signature,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  for (const path of files) if (await place(join(stage, path), join(folder, path))) placed.add(path);
  return placed;
}

/** Symbolic links that differ, and hard links that do or whose file is a new one now. */
async function mendLinks(
  { folder, archive }: RepairContext,
  wanted: ReadonlySet<string>,
  files: ReadonlySet<string>,
  work: string,
): Promise<void> {
  const made = join(work, "link");
  const isDue = (entry: Entry): boolean => wanted.has(entry.path) || (entry.type === "hardlink" && files.has(entry.target));
  for (const entry of archive.index.entries) {
    if ((entry.type !== "symlink" && entry.type !== "hardlink") || !isDue(entry)) continue;
    if (entry.type === "symlink") await symlink(entry.target, made);
    else await link(join(folder, entry.target), made);
    await place(made, join(folder, entry.path));
    // A rename between two names of one file leaves both.
    await rm(made, { force: true });
  }
}

async function mendIndex({ folder, archive }: RepairContext, work: string): Promise<void> {
  const made = join(work, "index");
  const file = await open(made, "wx", 0o644);
  try {
    for await (const chunk of archive.readIndex()) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await place(made, join(folder, META.index));
}

/**
 * Puts something new at a path. Nothing is written through a link, and a folder gives way only where it
 * is empty.
 *
 * @returns false where it was left as it is
 */
async function place(made: string, path: string): Promise<boolean> {
  if ((await realpath(dirname(path))) !== dirname(path)) return false;
  const isFolder = await lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (
    isFolder &&
    !(await rmdir(path).then(
      () => true,
      () => false,
    ))
  )
    return false;
  await rename(made, path);
  return true;
}

async function isPresent(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The record of fix-ups; null where there was none, "damaged" where it could not be read. */
async function openRelocation(folder: string): Promise<Relocation | null | "damaged"> {
  try {
    return await readRelocation(folder);
  } catch {
    await rm(join(folder, RELOCATED_FILE), { force: true });
    return "damaged";
  }
}

/**
 * Writes the environment's place into the files that came back with their original content. One that
 * was never relocated stays so.
 */
async function relocateAgain(
  { folder, archive }: RepairContext,
  before: Relocation | null | "damaged",
  files: ReadonlySet<string>,
  options: RepairOptions,
): Promise<void> {
  const fixups = decodeFixups(await archive.readFile(META.fixups, MAX_FIXUPS));
  const isDue = before === "damaged" || (before !== null && fixups.some(({ path }) => files.has(path)));
  if (!isDue) return;
  const root = before === "damaged" ? undefined : (before.root ?? undefined);
  await applyFixups(folder, { root, entries: archive.index.entries, signal: options.signal, onProgress: options.onProgress });
}
