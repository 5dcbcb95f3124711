import { access, constants, readdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { META, type Entry } from "../archive/entry.js";
import { readOwnFile, readOwnIndex } from "../archive/meta-file.js";
import { notRestored } from "../archive/not-restored.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { acquireLock } from "../support/lock.js";
import type { ProgressListener } from "../support/progress.js";
import { fileFixups, type FileFixup } from "./file-fixups.js";
import { decodeFixups } from "../manifest/fixup-file.js";
import { refuseGrowth } from "./growth.js";
import { rewriteFile, surveyFile, type Site, type Survey, type Unfit } from "./relocate-file.js";
import { readRelocation, WORKING_PREFIX, writeRelocation, type Relocation } from "./relocation.js";

export { readRelocation } from "./relocation.js";
export type { Unfit } from "./relocate-file.js";

const LOCK = `${WORKING_PREFIX}lock`;

export interface ApplyOptions {
  /** The place to write, absolute; by default the folder's real path. */
  readonly root?: string;
  /** The archive's entries; by default they are read from the folder's own index. */
  readonly entries?: readonly Entry[];
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface Relocated {
  /** The place that the environment's files name now. */
  readonly root: string;
  /** Files that this run rewrote, and the places in them. */
  readonly files: number;
  readonly places: number;
  /** What could not be rewritten, in order of path. */
  readonly unfit: readonly Unfit[];
}

/**
 * Writes the environment's place into the files that name the place where it was made, all recorded
 * files together. May be run any number of times, after every move, while programs of the environment
 * run; a run that was cut off is made good by the next one. Every file is traced back to the content
 * that the archive's digest vouches for before it is rewritten; one that cannot be is left alone and
 * reported.
 *
 * @throws EnvpackError NO_PERMISSION where files must change and may not, TARGET_BUSY where another
 *   run is at it, ARCHIVE_CORRUPT where the records do not fit the archive's entries
 */
export async function applyFixups(folder: string, options: ApplyOptions = {}): Promise<Relocated> {
  try {
    const real = await realpath(folder);
    const root = options.root ?? real;
    if (/[\p{Cc}\p{Cs}]/u.test(root)) throw new EnvpackError("TARGET_UNSUITABLE", "the path holds control characters", { path: root });
    const fixups = decodeFixups(await readMeta(real, META.fixups));
    if (fixups.length === 0) return { root, files: 0, places: 0, unfit: [] };
    const entries = options.entries ?? (await readEntries(real));
    const files = fileFixups(fixups, entries);
    refuseGrowth(files, entries, root);
    return await relocateFiles(files, real, root, options);
  } catch (error) {
    throw explainRefusal(error, folder);
  }
}

async function readEntries(folder: string): Promise<readonly Entry[]> {
  const own = await readOwnIndex(folder);
  if (own !== null) return own.index.entries;
  throw notRestored(folder, META.index);
}

async function readMeta(folder: string, arcpath: string): Promise<Uint8Array> {
  const content = await readOwnFile(folder, arcpath);
  if (content !== null) return content;
  throw notRestored(folder, arcpath);
}

function explainRefusal(error: unknown, folder: string): unknown {
  const explained = explainError(error, "cannot rewrite the environment's paths", folder);
  if (!(explained instanceof EnvpackError) || explained.code !== "NO_PERMISSION") return explained;
  return new EnvpackError("NO_PERMISSION", explained.message, {
    path: explained.path,
    hint: "copy the environment to a folder that you may write, or pack it with --dest-prefix",
    cause: explained.cause,
  });
}

/** Reads all files; what they are to become is known before the first is written. */
async function surveyAll(files: readonly FileFixup[], site: Site, options: ApplyOptions): Promise<Survey[]> {
  const surveys: Survey[] = [];
  for (const file of files) {
    stopIfAborted(options.signal);
    const survey = await surveyFile(file, site);
    if (survey !== null) surveys.push(survey);
  }
  return surveys;
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
}

async function relocateFiles(files: readonly FileFixup[], folder: string, root: string, options: ApplyOptions): Promise<Relocated> {
  return (await findDone(files, folder, root, options)) ?? (await writeFiles(files, folder, root, options));
}

/** What is to be said where all is as it should be, which a folder that may not be written can be too; otherwise null. */
async function findDone(files: readonly FileFixup[], folder: string, root: string, options: ApplyOptions): Promise<Relocated | null> {
  const relocation = await readRelocation(folder);
  if (relocation?.root !== root || relocation.pending.length > 0) return null;
  const surveys = await surveyAll(files, { folder, root, relocation }, options);
  return surveys.some((survey) => survey.stale) ? null : summarize(root, surveys, []);
}

/**
 * The part that one process at a time may do. The record is written before the first file and says
 * what stood in each, so whenever a run is cut off, every file's original can be found again.
 */
async function writeFiles(files: readonly FileFixup[], folder: string, root: string, options: ApplyOptions): Promise<Relocated> {
  const meta = join(folder, META.folder);
  await access(meta, constants.W_OK);
  const lock = await acquireLock(join(meta, LOCK), "another relocation of this environment is running", folder);
  try {
    await clearLeftovers(meta);
    // Another run may have ended since the files were looked at first.
    const before = await readRelocation(folder);
    const surveys = await surveyAll(files, { folder, root, relocation: before }, options);
    const saved = new Map(surveys.map(({ file, segments }) => [file.fixup.path, segments ?? []]));
    const pending = [...new Set(before?.pending).add(root)];
    const during: Relocation = { root: before?.root ?? null, pending, files: saved };
    await writeRelocation(folder, during);
    const written: Survey[] = [];
    for (const [index, survey] of surveys.entries()) {
      stopIfAborted(options.signal);
      options.onProgress?.({ stage: "relocating", done: index, total: surveys.length });
      const changed =
        survey.stale && (await rewriteFile(survey, { folder, root, relocation: during }, join(meta, `${WORKING_PREFIX}file`)));
      if (changed) written.push(survey);
    }
    await writeRelocation(folder, { root, pending: [], files: saved });
    options.onProgress?.({ stage: "relocating", done: surveys.length, total: surveys.length });
    return summarize(root, surveys, written);
  } finally {
    await lock.release();
  }
}

/** Removes what a run left that was killed. */
async function clearLeftovers(meta: string): Promise<void> {
  for (const name of await readdir(meta)) {
    if (name.startsWith(WORKING_PREFIX) && !name.startsWith(LOCK)) await rm(join(meta, name), { force: true });
  }
}

function summarize(root: string, surveys: readonly Survey[], written: readonly Survey[]): Relocated {
  const places = written.reduce((sum, survey) => sum + survey.places, 0);
  return { root, files: written.length, places, unfit: surveys.flatMap((survey) => survey.unfit) };
}
