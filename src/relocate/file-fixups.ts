import type { Entry, FileEntry } from "../archive/entry.js";
import { EnvpackError } from "../support/errors.js";
import type { Fixup } from "../manifest/fixup.js";

/** A fix-up with the file that it is for. */
export interface FileFixup {
  readonly fixup: Fixup;
  readonly entry: FileEntry;
  /** Arcpaths of the hard links to the file. */
  readonly links: readonly string[];
}

/**
 * Joins fix-ups with the archive's entries. The records are not trusted: each must be for a file of
 * the archive (so its path goes through no link), with all places within its content.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function fileFixups(fixups: readonly Fixup[], entries: readonly Entry[]): FileFixup[] {
  const wanted = new Set(fixups.map((fixup) => fixup.path));
  const files = new Map<string, FileEntry>();
  const links = new Map<string, string[]>();
  for (const entry of entries) {
    if (entry.type === "file" && wanted.has(entry.path)) files.set(entry.path, entry);
    if (entry.type === "hardlink" && wanted.has(entry.target)) links.set(entry.target, [...(links.get(entry.target) ?? []), entry.path]);
  }
  return fixups.map((fixup) => {
    const entry = files.get(fixup.path);
    const last = fixup.places.at(-1);
    if (entry !== undefined && last !== undefined && last.at + last.length <= entry.size) {
      return { fixup, entry, links: links.get(fixup.path) ?? [] };
    }
    const reason = entry === undefined ? "is for no file of the archive" : "reaches past the end of its file";
    throw new EnvpackError("ARCHIVE_CORRUPT", `the fix-up records are damaged: one ${reason}`, { path: fixup.path });
  });
}
