import { META } from "../../archive/entry.js";
import type { Side } from "./side.js";
import type { PackageRecord } from "../../manifest/manifest.js";
import { packageFinder } from "./digests.js";
import { factsOf } from "./facts.js";
import { driftRows, entryRows, packageDigestRows } from "./files.js";
import { makeRow, type Aspect, type Row } from "./row.js";

export interface FleetComparison {
  /** In order of aspect, then of what differs. */
  readonly rows: readonly Row[];
  /** Names of the sides that are not with the most in every row. */
  readonly drifted: readonly string[];
  /** Files of packages that differ themselves: counted, and not among the rows. */
  readonly implied: number;
}

/**
 * Compares environments: facts, packages, and files by path where all sides have an index, else by the
 * digests of packages. What is true of one kind of side only (an archive lies on no machine) is
 * compared among those.
 */
export function compareSides(sides: readonly Side[], ignore: ReadonlySet<Aspect>): FleetComparison {
  const packages = packageRows(sides);
  const changed = new Set(packages.flatMap(({ folders }) => folders));
  const isWanted = ({ aspect }: Row): boolean => !ignore.has(aspect);
  const rows = [...factRows(sides), ...packages.map(({ row }) => row)].filter(isWanted);
  const files = ignore.has("files") ? [] : fileRows(sides);
  const isImplied = impliedBy(sides, changed);
  const telling = files.filter(({ path }) => !isImplied(path));
  // What a manifest tells was compared above: where that differs, so does the file.
  const own = telling.filter(({ path }) => path !== META.manifest || rows.length + telling.length === 1);
  const all = [...rows, ...own.map(({ row }) => row)];
  const drifted = sides.map(({ name }) => name).filter((name) => all.some((row) => isApart(name, row)));
  return { rows: all, drifted, implied: files.length - telling.length };
}

function isApart(name: string, { values }: Row): boolean {
  return values.slice(1).some(({ sides }) => sides.includes(name));
}

function factRows(sides: readonly Side[]): Row[] {
  const facts = sides.map(({ report }) => factsOf(report));
  const keys = new Map(facts.flatMap((one) => one.map(({ what, aspect }) => [what, aspect] as const)));
  return [...keys].flatMap(([what, aspect]) => {
    const values = facts.map((one) => one.find((fact) => fact.what === what)?.value);
    return makeRow(aspect, what, sides, values) ?? [];
  });
}

/** A package is told by its name: all its versions in an environment, wherever they lie. */
function packageRows(sides: readonly Side[]): { readonly row: Row; readonly folders: readonly string[] }[] {
  const tables = sides.map(({ report }) => groupByName(report.manifest.packages));
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort();
  return names.flatMap((name) => {
    const row = makeRow(
      "packages",
      name,
      sides,
      tables.map((table) => versionsOf(table.get(name))),
    );
    return row === null ? [] : [{ row, folders: tables.flatMap((table) => (table.get(name) ?? []).map(({ path }) => path)) }];
  });
}

function groupByName(packages: readonly PackageRecord[]): Map<string, PackageRecord[]> {
  const groups = new Map<string, PackageRecord[]>();
  for (const one of packages) groups.set(one.name, [...(groups.get(one.name) ?? []), one]);
  return groups;
}

function versionsOf(packages: readonly PackageRecord[] | undefined): string | null {
  if (packages === undefined) return null;
  return [...new Set(packages.map(({ version }) => version))].sort().join(", ");
}

interface FileRow {
  readonly path: string;
  readonly row: Row;
}

function fileRows(sides: readonly Side[]): FileRow[] {
  const isSame = new Set(sides.map(({ report }) => report.digests.content)).size === 1;
  if (isSame) return driftRows(sides);
  if (sides.every(({ entries }) => entries !== null)) return entryRows(sides);
  const rows = [...packageDigestRows(sides), ...driftRows(sides)];
  if (rows.length > 0) return rows;
  const row = makeRow(
    "files",
    META.manifest,
    sides,
    sides.map(({ report }) => `of the whole with digest ${report.digests.content}`),
  );
  return row === null ? [] : [{ path: META.manifest, row }];
}

/** Whether a file belongs to a package whose versions differ. */
function impliedBy(sides: readonly Side[], folders: ReadonlySet<string>): (path: string) => boolean {
  const finders = sides.map(({ report }) => packageFinder(report.manifest.packages));
  return (path) => finders.some((find) => folders.has(find(path)?.path ?? "\0"));
}
