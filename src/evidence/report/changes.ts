import type { Owner, SideFacts } from "./facts.js";

/** "moved": the same packages in other places; "content": the same version and size, another content. */
export type ChangeKind = "added" | "removed" | "version" | "size" | "content" | "moved";

/** What became of a package, all its copies together. */
export interface Change {
  readonly name: string;
  readonly kind: ChangeKind;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface Changes {
  /** The largest difference first. */
  readonly packages: readonly Change[];
  /** Packages of which nothing changed. */
  readonly same: number;
  readonly licenses: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[];
  /** Names of packages of the newer side, by place in its list of owners, that are not as they were. */
  readonly status: ReadonlyMap<number, ChangeKind>;
}

/** What changed from one environment to another: by the names of packages, wherever each is packed. */
export function compareFacts(before: SideFacts, after: SideFacts): Changes {
  const [old, now] = [groupByName(before.owners), groupByName(after.owners)];
  const packages: Change[] = [];
  const status = new Map<number, ChangeKind>();
  let same = 0;
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const change = compareOne(name, old.get(name) ?? [], now.get(name) ?? []);
    if (change === null) same++;
    else packages.push(change);
    const digests = new Set((old.get(name) ?? []).map(({ digest }) => digest));
    if (change !== null)
      for (const [place, owner] of after.owners.entries())
        if (keyOf(owner) === name && !digests.has(owner.digest)) status.set(place, change.kind);
  }
  packages.sort((a, b) => differenceOf(b) - differenceOf(a) || (a.name < b.name ? -1 : 1));
  return { packages, same, licenses: compareLicenses(old, now), status };
}

type Groups = ReadonlyMap<string, readonly Owner[]>;

/** The runtime and envpack's own keep their names; the project's files go by their part, since a project may be renamed. */
function keyOf({ role, path, name }: Owner): string {
  return role === "project" && (path === null || !path.includes("/")) ? "the project's own files" : name;
}

function groupByName(owners: readonly Owner[]): Groups {
  const groups = new Map<string, Owner[]>();
  for (const owner of owners) groups.set(keyOf(owner), [...(groups.get(keyOf(owner)) ?? []), owner]);
  return groups;
}

function compareOne(name: string, old: readonly Owner[], now: readonly Owner[]): Change | null {
  const [before, after] = [versionsOf(old), versionsOf(now)];
  const [bytesBefore, bytesAfter] = [sumOf(old), sumOf(now)];
  const digests = (all: readonly Owner[]): string =>
    all
      .map(({ digest }) => digest)
      .sort()
      .join();
  const places = (all: readonly Owner[]): string =>
    all
      .map(({ path }) => path)
      .sort()
      .join("\n");
  const told = { name, before, after, bytesBefore, bytesAfter };
  if (old.length === 0) return { ...told, kind: "added" };
  if (now.length === 0) return { ...told, kind: "removed" };
  if (before.join() !== after.join()) return { ...told, kind: "version" };
  if (digests(old) !== digests(now)) return { ...told, kind: bytesBefore === bytesAfter ? "content" : "size" };
  return places(old) === places(now) ? null : { ...told, kind: "moved" };
}

function versionsOf(owners: readonly Owner[]): string[] {
  return owners.map(({ version }) => version ?? "no version").sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function sumOf(owners: readonly Owner[]): number {
  return owners.reduce((sum, { bytes }) => sum + bytes, 0);
}

function differenceOf({ bytesBefore, bytesAfter }: Change): number {
  return Math.abs(bytesAfter - bytesBefore);
}

function compareLicenses(old: Groups, now: Groups): Changes["licenses"] {
  const licenses = (owners: readonly Owner[] | undefined): string | null =>
    [...new Set((owners ?? []).map(({ license }) => license ?? "none named"))].sort().join(", ") || null;
  return [...now.keys()]
    .filter((name) => old.has(name) && licenses(old.get(name)) !== licenses(now.get(name)))
    .sort()
    .map((name) => ({ name, before: licenses(old.get(name)), after: licenses(now.get(name)) }));
}
