import { META } from "./entry.js";

/** The bill of materials, in whichever format: it and the record of fix-ups are written when all else was read. */
const LAST = [META.fixups, `${META.folder}/sbom.cdx.json`, `${META.folder}/sbom.spdx.json`];

/**
 * Entries in the order that archives have: the manifest first, the others by path in code-unit order, last what is made
 * when all was read. An image holds them in the order of loading; digests over entries are the same for both by this.
 *
 * @returns the same list where its plain files are in order
 */
export function inArchiveOrder<E extends { readonly path: string; readonly type: string }>(entries: readonly E[]): readonly E[] {
  let before = "";
  let isOrdered = true;
  for (const { path, type } of entries) {
    if (type !== "file" || rankOf(path) !== 1) continue;
    isOrdered &&= before < path;
    before = path;
  }
  if (isOrdered) return entries;
  return [...entries].sort((a, b) => rankOf(a.path) - rankOf(b.path) || (a.path < b.path ? -1 : 1));
}

function rankOf(path: string): number {
  if (path === META.folder || path === META.manifest) return 0;
  const last = LAST.indexOf(path);
  return last < 0 ? 1 : 2 + last;
}
