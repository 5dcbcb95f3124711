import type { Entry } from "../archive/entry.js";
import { EnvpackError } from "../support/errors.js";
import type { FileFixup } from "./file-fixups.js";
import type { FixupPlace } from "../manifest/fixup.js";

/** Bytes that texts may grow by in any environment: eighty thousand places that each take a path longer by 200. */
const ALLOWANCE = 16 << 20;

/**
 * Refuses fix-ups by which an environment would become more than twice what its archive promised: a small
 * archive may list a million places, and a long path is written into each. Binaries keep their length.
 *
 * @throws EnvpackError ARCHIVE_LIMIT before anything is read or written
 */
export function refuseGrowth(files: readonly FileFixup[], entries: readonly Entry[], root: string): void {
  const promised = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  const lengths = new Map<string, number>();
  let growth = 0;
  for (const { fixup } of files) {
    if (fixup.kind === "binary") continue;
    for (const place of fixup.places) growth += Math.max(0, lengthOf(place, root, lengths) - place.length);
  }
  if (growth <= Math.max(ALLOWANCE, promised)) return;
  throw new EnvpackError(
    "ARCHIVE_LIMIT",
    `the environment's files would grow by ${growth} bytes by the path they are to name, more than it holds`,
    {
      path: root,
      hint: "choose a shorter path; if it is short already, do not use the archive",
    },
  );
}

/** Bytes of a place once it is written, as near as can be told without the file. */
function lengthOf({ root: folder, spelling }: FixupPlace, root: string, known: Map<string, number>): number {
  const key = `${spelling} ${folder}`;
  let length = known.get(key);
  if (length === undefined) {
    const path = folder === "" ? root : `${root}/${folder}`;
    length = Buffer.byteLength(spelling === "percent" || spelling === "url" ? encodeURIComponent(path) : path);
    known.set(key, length);
  }
  return length;
}
