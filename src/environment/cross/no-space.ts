import { EnvpackError } from "../../support/errors.js";

/** How managers say that a disk or a quota is full: npm, pnpm and Yarn by the system's code, Bun and Deno in their own words. */
export const FULL = /\b(ENOSPC|EDQUOT|NoSpaceLeft|DiskQuota)\b|no space left on device|disk quota exceeded/i;

export function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** @param folder that the installation's own is made in, since that one is gone by the time anybody reads this */
export function noSpace(folder: string, cause: unknown): EnvpackError {
  return new EnvpackError("NO_SPACE", "no space left to install the packages for another platform", {
    path: folder,
    hint: "free some space there and where the package manager keeps its cache, or name a folder on another disk in TMPDIR",
    cause,
  });
}
