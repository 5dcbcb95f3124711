import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { META } from "../archive/entry.js";
import { readOwnFile } from "../archive/own-file.js";
import { openArchive, type ArchiveFile } from "../archive/read.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { EnvpackError, explainError } from "../errors.js";
import { acquireLock } from "../lock.js";
import { decodeManifest } from "../manifest/decode.js";
import type { CommonOptions } from "../options.js";
import { compareTree, REPAIR_PREFIX, type Comparison, type Difference } from "./compare.js";
import { mendTree } from "./mend.js";

export interface RepairOptions extends CommonOptions {
  /** The signature that the archive must bear. */
  readonly signature?: SignatureRule;
}

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
  const archive = await openArchive(archivePath, { signature: options.signature, onManifest: (bytes) => decodeManifest(bytes).totals });
  try {
    const folder = await realpath(given);
    await refuseForeign(folder, archive);
    const lock = await acquireLock(join(folder, META.folder, `${REPAIR_PREFIX}lock`), "another repair of this environment is running", folder);
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
  const before = await compare();
  if (before.differences.every(({ kind }) => kind === "added")) return { ...before, repaired: [] };
  await mendTree({ folder, archivePath, archive, compare }, before.differences, options);
  const after = await compare();
  const left = new Set(after.differences.map(({ path }) => path));
  return { ...after, repaired: before.differences.filter(({ kind, path }) => kind !== "added" && !left.has(path)) };
}

/** One of the two records that tell environments apart must be as the archive has it: both are rarely damaged at once. */
async function refuseForeign(folder: string, archive: ArchiveFile): Promise<void> {
  for (const path of [META.manifest, META.index]) {
    const own = await readOwnFile(folder, path).catch(() => null);
    if (own !== null && (await isArchived(own, path, archive))) return;
  }
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "the folder was not restored from this archive", {
    path: folder,
    hint: "name the archive that it was restored from, or restore this one with `envpack unpack --force`",
  });
}

async function isArchived(content: Buffer, path: string, archive: ArchiveFile): Promise<boolean> {
  if (path !== META.index) return content.equals(await archive.readFile(path, content.length).catch(() => Buffer.alloc(0)));
  let at = 0;
  for await (const chunk of archive.readIndex()) {
    if (!content.subarray(at, at + chunk.length).equals(chunk)) return false;
    at += chunk.length;
  }
  return at === content.length;
}
