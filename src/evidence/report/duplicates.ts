import type { Owner } from "./facts.js";

/** A package that is packed more than once. */
export interface Duplicate {
  readonly name: string;
  readonly versions: readonly string[];
  /** Places in the list of owners, the largest first. */
  readonly copies: readonly number[];
  readonly bytes: number;
  /** Bytes beyond its largest copy. */
  readonly extraBytes: number;
}

/** Packages of one name in several folders, in one version or in several; the most bytes first. */
export function findDuplicates(owners: readonly Owner[]): Duplicate[] {
  const byName = new Map<string, number[]>();
  for (const [place, { name, role }] of owners.entries())
    if (role === "direct" || role === "indirect") byName.set(name, [...(byName.get(name) ?? []), place]);
  const found = [...byName].filter(([, copies]) => copies.length > 1);
  return found
    .map(([name, copies]) => {
      const all = copies.flatMap((place) => owners[place] ?? []);
      const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
      const versions = [...new Set(all.map(({ version }) => version ?? "no version"))];
      return { name, versions, copies, bytes, extraBytes: bytes - Math.max(...all.map((one) => one.bytes)) };
    })
    .sort((a, b) => b.extraBytes - a.extraBytes || (a.name < b.name ? -1 : 1));
}
