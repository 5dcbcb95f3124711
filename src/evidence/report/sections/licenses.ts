import { countOf, formatCount } from "../../../support/quantities.js";
import type { LicenseFact, SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import { renderTable } from "../table.js";

/** Under which licences the packages are, and which of them have to be looked at. */
export function renderLicenses({ licenses }: SideFacts): Markup {
  const groups = groupByLicense(licenses);
  const open = licenses.filter(({ kind, hasText }) => kind !== "spdx" || !hasText);
  return html`<section aria-labelledby="licences">
    <h2 id="licences">Licences</h2>
    ${renderTable({
      caption: "Licences of packages, the most frequent first",
      columns: [{ title: "Licence" }, { title: "Packages", isNumber: true }, { title: "Which" }],
      rows: groups.map(([license, names]) => [
        license === null ? html`<span class="warn">none named</span>` : nameOf(license),
        { shown: formatCount(names.length), value: names.length },
        renderNames(names),
      ]),
    })}
    <h3>To be looked at</h3>
    ${
      open.length === 0
        ? html`<p>Nothing: each package names a licence that SPDX knows, and its text is packed.</p>`
        : renderTable({
            caption: "Licences to be looked at",
            columns: [{ title: "Package" }, { title: "Version" }, { title: "Licence" }, { title: "Why" }],
            rows: open.map((one) => [nameOf(one.name), one.version ?? "–", one.license ?? "–", whyOpen(one)]),
            hasFilter: true,
          })
    }
    <p class="muted">
      As each package's own package.json says it, those that come with npm as well. <code>envpack licenses --texts FILE</code> writes all
      texts into one file.
    </p>
  </section>`;
}

function groupByLicense(licenses: readonly LicenseFact[]): (readonly [string | null, string[]])[] {
  const groups = new Map<string | null, string[]>();
  for (const { name, license } of licenses) groups.set(license, [...(groups.get(license) ?? []), name]);
  return [...groups].map(([license, names]) => [license, [...new Set(names)].sort()] as const).sort((a, b) => b[1].length - a[1].length);
}

/** Many names are folded. */
function renderNames(names: readonly string[]): Markup {
  const all = names.map((name, at) => html`${at === 0 ? "" : ", "}${nameOf(name)}`);
  if (names.length <= 8) return html`${all}`;
  return html`<details>
    <summary>${countOf(names.length, "package", "packages")}</summary>
    ${all}
  </details>`;
}

function whyOpen({ kind, hasText }: LicenseFact): string {
  const reasons = [
    ...(kind === "missing" ? ["names no licence"] : kind === "unclear" ? ["is no expression that SPDX knows"] : []),
    ...(hasText ? [] : ["no text of a licence is packed with it"]),
  ];
  return reasons.join("; ");
}
