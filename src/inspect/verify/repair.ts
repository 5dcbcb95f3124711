import type { RepairOptions } from "./repair-options.js";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { META } from "../../archive/entry.js";
import { digestOwnIndex, readOwnFile } from "../../archive/meta-file.js";
import type { ArchiveFile } from "../../archive/read.js";
import { openArchiveFile } from "../../engine/read/open-archive-file.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { acquireLock } from "../../support/lock.js";
import { compareTree, REPAIR_PREFIX, type Comparison, type Difference } from "./compare.js";
import { clearRepairs, repairDifferences } from "./repair-steps.js";

export interface Repair extends Comparison {
  /** What was mended; `differences` are those that are left. */
  readonly repaired: readonly Difference[];
}

/**
 * Makes a restored environment what its archive says: what was changed or is missing is taken from the
 * archive, file by file and each by a rename, and relocated as it was. Nothing that was added is
 * removed; a folder that holds something is left even where a file or a link belongs.
 *
 * @param archivePath a file
 * @throws EnvpackError NOT_AN_ENVIRONMENT where the folder was not restored from this archive, TARGET_BUSY,
 *   NO_PERMISSION, and what is wrong with the archive
 */
export async function repairTree(given: string, archivePath: string, options: RepairOptions = {}): Promise<Repair> {
  const archive = await openArchiveFile(archivePath, { signature: options.signature });
  try {
    const folder = await realpath(given);
    await refuseForeign(folder, archive);
    const lock = await acquireLock(
      join(folder, META.folder, `${REPAIR_PREFIX}lock`),
      "another repair of this environment is running",
      folder,
    );
    try {
      return await repairLocked(folder, archivePath, archive, options);
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw explainError(error, "cannot repair the environment", given);
  } finally {
    await archive.close();
  }
}

async function repairLocked(folder: string, archivePath: string, archive: ArchiveFile, options: RepairOptions): Promise<Repair> {
  const compare = (): Promise<Comparison> => compareTree(folder, { ...options, reference: archive });
  await clearRepairs(folder);
  const before = await compare();
  if (before.differences.every(({ kind }) => kind === "added")) return { ...before, repaired: [] };
  await repairDifferences({ folder, archivePath, archive, compare }, before.differences, options);
  const after = await compare();
  const left = new Set(after.differences.map(({ path }) => path));
  return { ...after, repaired: before.differences.filter(({ kind, path }) => kind !== "added" && !left.has(path)) };
}

/** One of the two records that tell environments apart must be as the archive has it: both are rarely damaged at once. */
async function refuseForeign(folder: string, archive: ArchiveFile): Promise<void> {
  const manifest = await readOwnFile(folder, META.manifest).catch(() => null);
  if (manifest !== null && manifest.equals(archive.start.manifest)) return;
  if ((await digestOwnIndex(folder).catch(() => null)) === archive.indexSha256) return;
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "the folder was not restored from this archive", {
    path: folder,
    hint: "name the archive that it was restored from, or restore this one with `envpack unpack --force`",
  });
}
