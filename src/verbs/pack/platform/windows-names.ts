import type { PlannedEntry } from "../../../archive/entry.js";
import { findPathFault } from "../../../archive/path-rules.js";
import type { TargetPlatform } from "../../../environment/cross/triple.js";
import { noticeCollisions } from "../../../plan/collisions.js";
import { EnvpackError } from "../../../support/errors.js";
import type { Notice } from "../../../support/progress.js";

/**
 * Makes sure that Windows takes each name of what is packed for it.
 *
 * @throws EnvpackError NAME_NOT_PORTABLE, NAME_COLLISION
 */
export function checkWindowsNames(entries: readonly PlannedEntry[], { os }: Pick<TargetPlatform, "os">): Notice[] {
  if (os !== "win32") return [];
  for (const { path } of entries) {
    const fault = findPathFault(path, "win32");
    if (fault !== null)
      throw new EnvpackError("NAME_NOT_PORTABLE", `${fault} cannot go into an archive for Windows`, {
        path,
        hint: "rename it, or leave it out with `--exclude`",
      });
  }
  const [collision] = noticeCollisions(entries);
  if (collision !== undefined)
    throw new EnvpackError("NAME_COLLISION", collision.message, { hint: "rename one of them, or leave it out with `--exclude`" });
  return [];
}
