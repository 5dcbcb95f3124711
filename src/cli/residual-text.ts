import type { Residual } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf } from "../support/quantities.js";

/** How many files are named for each class; --json has them all. */
const NAMED = 3;

/**
 * Files that name folders of the packing machine which did not go in: a line a class of what may go
 * wrong, and one for all that is harmless. Empty where there are none.
 */
export function residualLines(residuals: readonly Residual[]): string[] {
  const told = groupByClass(residuals.filter(({ harmless }) => !harmless));
  const harmless = groupByClass(residuals.filter((residual) => residual.harmless));
  const lines = told.map(([name, items]) => {
    const what = [...new Set(items.flatMap(({ names }) => names))].sort().join(", ");
    return `  ${countOf(items.length, "file", "files")}: ${name} (${what}): ${items[0]?.consequence ?? ""}: ${pathsOf(items)}`;
  });
  if (harmless.length > 0) {
    const counts = harmless.map(([name, items]) => `${name} ${items.length}`).join(", ");
    const [, items = []] = harmless[0] ?? [];
    lines.push(`  harmless: ${counts}: ${pathsOf(items)}`);
  }
  return lines.length === 0 ? [] : ["still naming folders of this machine that are not packed:", ...lines];
}

/** The class with the most files first. */
function groupByClass(residuals: readonly Residual[]): [string, Residual[]][] {
  const groups = new Map<string, Residual[]>();
  for (const residual of residuals) groups.set(residual.class, [...(groups.get(residual.class) ?? []), residual]);
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function pathsOf(items: readonly Residual[]): string {
  const named = items.slice(0, NAMED).map(({ path }) => escapeText(path));
  const more = items.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}
