import type { Entry } from "../../archive/entry.js";
import type { Side } from "./side.js";
import type { Drift } from "./drift.js";
import { makeRow, type Row } from "./row.js";

interface FileRow {
  /** The arcpath of a file, or of the folder of a package; "" for what belongs to no package. */
  readonly path: string;
  readonly row: Row;
}

/** Compares path by path: what the indexes say, and what was found on the disk in place of it. */
export function entryRows(sides: readonly Side[]): FileRow[] {
  const tables = sides.map(statesOf);
  return rowsOf(sides, tables, null);
}

/** Compares what was found on the disk in place of what was packed; where no file was read the index is believed. */
export function driftRows(sides: readonly Side[]): FileRow[] {
  const tables = sides.map(({ name, report }) => driftStates(report.differences ?? [], name));
  return rowsOf(sides, tables, "as packed");
}

/** Compares packages by their digests, each where all that have it have the same version of it. */
export function packageDigestRows(sides: readonly Side[]): FileRow[] {
  const tables = sides.map(({ report }) => {
    const { packages, others } = report.digests;
    const states = report.manifest.packages.map(({ path }, index) => [path, `sha256 ${packages[index] ?? ""}`] as const);
    return new Map<string, string>([...states, ["", `sha256 ${others}`]]);
  });
  const nameOf = new Map(
    sides.flatMap(({ report }) => report.manifest.packages.map((one) => [one.path, `${one.name} in ${one.path}`] as const)),
  );
  return rowsOf(sides, tables, null, (path) => (path === "" ? "files of no package" : `files of ${nameOf.get(path) ?? path}`));
}

function rowsOf(
  sides: readonly Side[],
  tables: readonly ReadonlyMap<string, string>[],
  otherwise: string | null,
  nameOf: (path: string) => string = (path) => path,
): FileRow[] {
  const paths = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort();
  return paths.flatMap((path) => {
    const values = tables.map((table) => table.get(path) ?? otherwise);
    const row = makeRow("files", nameOf(path), sides, values);
    return row === null ? [] : [{ path, row }];
  });
}

function statesOf({ name, report, entries }: Side): Map<string, string> {
  const states = new Map((entries ?? []).map((entry) => [entry.path, stateOf(entry)]));
  for (const [path, state] of driftStates(report.differences ?? [], name)) states.set(path, state);
  return states;
}

function stateOf(entry: Entry): string {
  switch (entry.type) {
    case "directory":
      return "a folder";
    case "symlink":
      return `a link to ${entry.target}`;
    case "hardlink":
      return `a hard link to ${entry.target}`;
    case "file":
      return `${entry.size} bytes, ${entry.executable ? "executable, " : ""}sha256 ${entry.sha256}`;
  }
}

/** What cannot be read is like nothing else: it is told apart by its side's name. */
function driftStates(drift: readonly Drift[], side: string): Map<string, string> {
  return new Map(
    drift.map(({ path, kind, detail, sha256 }) => {
      if (kind === "missing") return [path, "missing"];
      const whose = detail.startsWith("cannot be read") ? ` on ${side}` : "";
      return [path, `${kind}: ${detail}${sha256 === null ? whose : `, sha256 ${sha256}`}`];
    }),
  );
}
