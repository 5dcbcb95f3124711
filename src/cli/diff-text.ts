import type { DiffResult, Row, RowValue } from "../verbs/diff.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf } from "../support/quantities.js";

/** Rows and names that are shown before the rest is only counted. */
const SHOWN_ROWS = 60;
const SHOWN_NAMES = 4;

/** Longest text of a column: what follows it is for a wide terminal anyway. */
const WIDEST = 48;

const DIGEST = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;

/** What `envpack diff` prints: a row a difference, and one line that sums it up. */
export function diffText(result: DiffResult): string {
  const { equal, sides, differences, implied } = result;
  if (equal) return equalText(result);
  const two = sides.length === 2;
  const [first, second] = sides;
  const heads = two ? ["", first?.name ?? "", second?.name ?? ""] : ["", "most have", "where it differs"];
  const shown = differences.slice(0, SHOWN_ROWS).map((row) => [rowName(row), ...(two ? pairCells(row, sides) : groupCells(row))]);
  const hidden = differences.length - shown.length;
  const notes = [
    ...(hidden > 0 ? [`and ${countOf(hidden, "difference", "differences")} more, see --json`] : []),
    ...(implied > 0 ? [`files of packages that differ are not listed: ${countOf(implied, "path", "paths")}`] : []),
  ];
  return [...table([heads, ...shown]), ...notes, summary(result)].join("\n");
}

function rowName({ aspect, what }: Row): string {
  return aspect === "packages" ? `package ${what}` : what;
}

function pairCells({ values }: Row, sides: DiffResult["sides"]): string[] {
  return sides.map(({ name }) => {
    const found = values.find((value) => value.sides.includes(name));
    return found === undefined ? "?" : valueText(found);
  });
}

function groupCells({ values }: Row): string[] {
  const [most, ...others] = values;
  return [most === undefined ? "" : valueText(most), others.map((value) => `${valueText(value)} on ${namesText(value.sides)}`).join("; ")];
}

function valueText({ value }: Pick<RowValue, "value">): string {
  return value === null ? "-" : value.replace(DIGEST, "$1");
}

function namesText(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return names.slice(0, SHOWN_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Lines with columns of equal width; the last one is as long as it likes. */
function table(rows: readonly (readonly string[])[]): string[] {
  const escaped = rows.map((row) => row.map(escapeText));
  const widths = [0, 1].map((column) => Math.min(WIDEST, Math.max(...escaped.map((row) => row[column]?.length ?? 0))));
  return escaped.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function summary({ sides, differences, drifted }: DiffResult): string {
  const count = (aspect: Row["aspect"], one: string, many: string): string | null => {
    const found = differences.filter((row) => row.aspect === aspect).length;
    return found === 0 ? null : countOf(found, one, many);
  };
  const facts = differences.filter((row) => row.aspect !== "packages" && row.aspect !== "files").length;
  const parts = [
    facts === 0 ? null : countOf(facts, "fact", "facts"),
    count("packages", "package", "packages"),
    count("files", "path", "paths"),
  ];
  const what = parts.filter((part) => part !== null).join(", ");
  if (sides.length === 2) return `different: ${what}`;
  return `different: ${escapeText(namesText(drifted))} (${drifted.length} of ${sides.length}): ${what}`;
}

function equalText({ sides }: DiffResult): string {
  const [first] = sides;
  if (first === undefined) return "";
  const unread = sides.filter(({ read, source }) => !read && source !== "archive").length;
  const trust = unread === 0 ? "" : `; the files of ${unread === sides.length ? "none" : sides.length - unread} were read`;
  const what = `${countOf(first.packages, "package", "packages")}, ${countOf(first.entries, "entry", "entries")}, digest ${first.content.slice(0, 12)}`;
  return `equal: ${sides.length} environments: ${what}${trust}`;
}
