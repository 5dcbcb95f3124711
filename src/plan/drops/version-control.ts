import type { Drop } from "./drop.js";

const VCS: Drop = { reason: "vcs", kind: "version control" };

/** A folder's, or in a worktree or submodule a file's, name. */
const VCS_NAMES = new Set([".git", ".hg", ".svn"]);

/** Whether a name is that of a version control system's own data. */
export function findVcs(name: string): Drop | null {
  return VCS_NAMES.has(name) ? VCS : null;
}
