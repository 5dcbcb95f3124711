import { countOf, formatBytes, formatCount } from "../../../support/quantities.js";
import type { Change, ChangeKind, Changes } from "../changes.js";
import type { SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import { renderTable } from "../table.js";

const WORDS: Readonly<Record<ChangeKind, string>> = {
  added: "added",
  removed: "removed",
  version: "other version",
  size: "other content",
  content: "other content",
  moved: "in another place",
};

/** What changed between two environments. */
export function renderChanges(before: SideFacts, after: SideFacts, { packages, same, licenses }: Changes): Markup {
  return html`<section aria-labelledby="changes">
    <h2 id="changes">What changed</h2>
    <p>
      From <strong>${nameOf(before.file)}</strong> (${nameOf(titleOf(before))}) to
      <strong>${nameOf(after.file)}</strong> (${nameOf(titleOf(after))}). The rest of this page is about the second.
    </p>
    ${renderTotals(before, after)}
    <p>
      ${packages.length === 0 ? "Nothing: each package holds the same." : `${countOf(packages.length, "package is", "packages are")} not as before, ${formatCount(same)} hold the same.`}
    </p>
    ${packages.length === 0 ? null : renderPackages(packages)}
    ${
      licenses.length === 0
        ? null
        : html`<h3>Licences that changed</h3>
            ${renderTable({
              caption: "Licences that changed",
              columns: [{ title: "Package" }, { title: "Before" }, { title: "Now" }],
              rows: licenses.map(({ name, before: old, after: now }) => [nameOf(name), old ?? "–", now ?? "–"]),
            })}`
    }
  </section>`;
}

function titleOf({ name, version }: SideFacts): string {
  return version === null ? name : `${name} ${version}`;
}

function renderTotals(before: SideFacts, after: SideFacts): Markup {
  const rows: (readonly [string, number | null, number | null, (value: number) => string])[] = [
    ["Content", before.bytes, after.bytes, formatBytes],
    ["Archive", before.archiveBytes, after.archiveBytes, formatBytes],
    ["Files", before.files, after.files, formatCount],
    ["Native files", before.natives.length, after.natives.length, formatCount],
  ];
  const words: (readonly [string, string, string])[] = [
    ["Node.js", before.runtime ?? "none", after.runtime ?? "none"],
    ["Made for", before.platform, after.platform],
  ];
  return renderTable({
    caption: "Totals before and now",
    columns: [
      { title: "" },
      { title: "Before", isNumber: true },
      { title: "Now", isNumber: true },
      { title: "Difference", isNumber: true },
    ],
    rows: [
      ...rows.map(([label, old, now, format]) => [
        label,
        old === null ? "–" : format(old),
        now === null ? "–" : format(now),
        old === null || now === null ? "–" : signed(now - old, format),
      ]),
      ...words.map(([label, old, now]) => [label, nameOf(old), nameOf(now), old === now ? "same" : "changed"]),
    ],
  });
}

function renderPackages(packages: readonly Change[]): Markup {
  return renderTable({
    caption: "Packages that changed, the largest difference first",
    columns: [
      { title: "Package" },
      { title: "What" },
      { title: "Before" },
      { title: "Now" },
      { title: "Size now", isNumber: true },
      { title: "Difference", isNumber: true },
    ],
    rows: packages.map(({ name, kind, before, after, bytesBefore, bytesAfter }) => [
      nameOf(name),
      html`<span class="is-${kind}">${WORDS[kind]}</span>`,
      before.length === 0 ? "–" : before.join(", "),
      after.length === 0 ? "–" : after.join(", "),
      { shown: formatBytes(bytesAfter), value: bytesAfter },
      { shown: signed(bytesAfter - bytesBefore, formatBytes), value: bytesAfter - bytesBefore },
    ]),
    hasFilter: true,
  });
}

function signed(difference: number, format: (value: number) => string): string {
  if (difference === 0) return "same";
  return `${difference > 0 ? "+" : "−"}${format(Math.abs(difference))}`;
}
