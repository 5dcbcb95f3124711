import { link, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { META, type Entry } from "../archive/entry.js";
import type { ArchiveFile } from "../archive/read.js";
import { extractArchive } from "../engine/extract.js";
import { decodeManifest } from "../manifest/decode.js";
import { applyFixups, readRelocation } from "../relocate/apply.js";
import { decodeFixups, MAX_FIXUPS } from "../relocate/fixup-file.js";
import { RELOCATED_FILE, type Relocation } from "../relocate/relocation.js";
import { REPAIR_PREFIX, type Comparison, type Difference } from "./compare.js";
import { removeTree } from "./remove-tree.js";
import type { RepairOptions } from "./repair.js";

/** What is mended, and with what. */
export interface Patient {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly archivePath: string;
  readonly archive: ArchiveFile;
  readonly compare: () => Promise<Comparison>;
}

/** Mends what differs. Only for who holds the lock of repairs. */
export async function mendTree(patient: Patient, differences: readonly Difference[], options: RepairOptions): Promise<void> {
  const { folder } = patient;
  const meta = join(folder, META.folder);
  for (const name of await readdir(meta)) {
    if (name.startsWith(REPAIR_PREFIX) && !name.startsWith(`${REPAIR_PREFIX}lock`)) await removeTree(join(meta, name));
  }
  const work = join(meta, `${REPAIR_PREFIX}${process.pid}`);
  await mkdir(work, { mode: 0o700 });
  try {
    const relocation = await openRelocation(folder);
    const wanted = await mendFolders(patient, pathsOf(differences), work);
    const files = await mendFiles(patient, wanted, work, options);
    await mendLinks(patient, wanted, files, work);
    if (wanted.has(META.index)) await mendIndex(patient, work);
    await relocateAgain(patient, relocation, files, options);
  } finally {
    await removeTree(work);
  }
}

function pathsOf(differences: readonly Difference[]): Set<string> {
  return new Set(differences.filter(({ kind }) => kind !== "added").map(({ path }) => path));
}

/** Makes the folders that are missing. Where a link stood in place of one, what was seen through it is looked for anew. */
async function mendFolders(patient: Patient, wanted: Set<string>, work: string): Promise<Set<string>> {
  let replaced = false;
  for (const entry of patient.archive.index.entries) {
    if (entry.type !== "directory" || !wanted.has(entry.path)) continue;
    const path = join(patient.folder, entry.path);
    if (await isPresent(path)) {
      await rename(path, join(work, "obstacle"));
      await rm(join(work, "obstacle"));
      replaced = true;
    }
    await mkdir(path, { mode: 0o755 });
  }
  return replaced ? pathsOf((await patient.compare()).differences) : wanted;
}

/** @returns the files that were put in place */
async function mendFiles({ folder, archivePath, archive }: Patient, wanted: ReadonlySet<string>, work: string, options: RepairOptions): Promise<Set<string>> {
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
    onManifest: (bytes) => decodeManifest(bytes).totals,
  });
  for (const path of files) if (await place(join(stage, path), join(folder, path))) placed.add(path);
  return placed;
}

/** Symbolic links that differ, and hard links that do or whose file is a new one now. */
async function mendLinks({ folder, archive }: Patient, wanted: ReadonlySet<string>, files: ReadonlySet<string>, work: string): Promise<void> {
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

async function mendIndex({ folder, archive }: Patient, work: string): Promise<void> {
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
  const isFolder = await lstat(path).then((stats) => stats.isDirectory(), () => false);
  if (isFolder && !(await rmdir(path).then(() => true, () => false))) return false;
  await rename(made, path);
  return true;
}

async function isPresent(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
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
async function relocateAgain({ folder, archive }: Patient, before: Relocation | null | "damaged", files: ReadonlySet<string>, options: RepairOptions): Promise<void> {
  const fixups = decodeFixups(await archive.readFile(META.fixups, MAX_FIXUPS));
  const isDue = before === "damaged" || (before !== null && fixups.some(({ path }) => files.has(path)));
  if (!isDue) return;
  const root = before === "damaged" ? undefined : (before.root ?? undefined);
  await applyFixups(folder, { root, entries: archive.index.entries, signal: options.signal, onProgress: options.onProgress });
}
