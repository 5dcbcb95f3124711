import type { Fixup } from "../manifest/fixup.js";
import { savedSegments, type Relocation } from "./relocation.js";
import { undoContent } from "../scan/segments.js";
import { sha256Of } from "../support/digest.js";

/**
 * The content that a file had in the archive, whatever was written into it since: as it is, or with
 * the fix-ups of an earlier run, or of a run that was cut off, undone. The digest decides, so a file
 * that somebody edited gives null.
 *
 * @param sha256 of the original content, in hex
 */
export function findOriginal(content: Buffer, fixup: Fixup, relocation: Relocation | null, sha256: string): Buffer | null {
  if (digest(content) === sha256) return content;
  if (relocation === null) return null;
  const segments = savedSegments(relocation, fixup);
  for (const root of [relocation.root, ...relocation.pending]) {
    const original = root === null ? null : undoContent(content, segments, fixup, root);
    if (original !== null && digest(original) === sha256) return original;
  }
  return null;
}

function digest(content: Buffer): string {
  return sha256Of(content);
}
