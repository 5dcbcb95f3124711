import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOwnIndex } from "../archive/meta-file.js";
import { openArchiveFile } from "../engine/read/open-archive-file.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { BusyError } from "../support/lock.js";
import { decodeManifest } from "../manifest/decode.js";
import { clearLitter } from "./place-tree.js";
import { restoreArchive } from "./restore.js";
import type { RestoreOptions, RestoreResult } from "./restore-options.js";
import { isTrusted } from "../support/owner.js";

/** Milliseconds between two looks at a target that another process fills, at least; as much again by chance. */
const PAUSE = 50;

/**
 * Restores an archive to a folder that many processes of a host want at the same time: one restores
 * it, the others wait, say for whom, and find it done. One that dies in between is followed by the next,
 * one that gives no sign of life is not waited for. A folder that holds this very environment already is
 * used as it is.
 *
 * @param archive the archive's path
 * @returns `found`: another process restored it
 * @throws EnvpackError TARGET_BUSY where waiting makes no sense, TARGET_EXISTS where the folder holds something else, and what restoreArchive throws
 */
export async function restoreShared(
  archive: string,
  given: string,
  options: RestoreOptions = {},
): Promise<RestoreResult & { readonly found: boolean }> {
  const wanted = await readIdentity(archive, options);
  const path = resolve(given);
  const began = Date.now();
  for (;;) {
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const state = await inspectEnvironment(path, wanted.indexSha256);
    if (state === "same") {
      await clearLitter(path);
      return { ...wanted.result, target: path, found: true };
    }
    if (state === "another") throw refuseAnother(path);
    try {
      return { ...(await restoreArchive({ kind: "file", path: archive }, path, options)), found: false };
    } catch (error) {
      const { code } = error as { code?: string };
      // It may have appeared between the look and the try; what is really something else stays so.
      const appeared = code === "TARGET_EXISTS" && (await inspectEnvironment(path, wanted.indexSha256)) !== "none";
      if (!appeared && !(error instanceof BusyError && error.mayEnd)) throw error;
      if (error instanceof BusyError)
        options.onProgress?.({ stage: "waiting", done: Math.floor((Date.now() - began) / 1000), total: null, detail: error.message });
    }
    await sleep(PAUSE * (1 + Math.random()));
  }
}

interface Wanted {
  readonly indexSha256: string;
  /** What is told of an environment that was found. */
  readonly result: Omit<RestoreResult, "target">;
}

async function readIdentity(path: string, { signature, accept }: RestoreOptions): Promise<Wanted> {
  const archive = await openArchiveFile(path, { signature });
  await archive.close();
  const { entries, totals } = archive.index;
  const manifest = decodeManifest(archive.start.manifest);
  accept?.(manifest);
  return {
    indexSha256: archive.indexSha256,
    result: { manifest, entries: entries.length, bytes: totals.bytes, relocated: 0, unfit: [], reused: { files: 0, linked: 0 }, left: [] },
  };
}

/**
 * What a folder holds: its index appears last, so an environment that has one is whole.
 *
 * @throws EnvpackError TARGET_UNSUITABLE where it is another user's: anything could be in it
 */
async function inspectEnvironment(path: string, indexSha256: string): Promise<"same" | "another" | "none"> {
  try {
    const stats = await lstat(path);
    if (!stats.isDirectory()) return "none";
    const found = await digestOwnIndex(path);
    if (found === null) return "none";
    if (found !== indexSha256) return "another";
    if (isTrusted(stats)) return "same";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "none";
    throw explainError(error, "cannot read the environment", path);
  }
  throw new EnvpackError("TARGET_UNSUITABLE", "the environment there belongs to another user", {
    path,
    hint: "name a folder that only you or root may write",
  });
}

function refuseAnother(path: string): EnvpackError {
  return new EnvpackError("TARGET_EXISTS", "the target holds another environment than the archive's", {
    path,
    hint: "name another folder",
  });
}
