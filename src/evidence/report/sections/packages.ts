import { formatBytes, formatCount } from "../../../support/quantities.js";
import { findDuplicates } from "../duplicates.js";
import { ENVIRONMENT, type Owner, type SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import { renderBar, renderTable } from "../table.js";

/** Steps of a way that are named; longer ones show their ends. */
const MOST_STEPS = 6;

/** What is inside, the largest first, and why. */
export function renderPackages(facts: SideFacts): Markup {
  const { owners, bytes } = facts;
  return html`<section aria-labelledby="packages">
    <h2 id="packages">What is inside, and why</h2>
    <p>
      Each package once for each of its folders, the largest first. The last column is a shortest way by which the environment asks for it.
    </p>
    ${renderTable({
      caption: "Packages by size",
      columns: [
        { title: "Package" },
        { title: "Version" },
        { title: "Size", isNumber: true },
        { title: "Files", isNumber: true },
        { title: "Licence" },
        { title: "Why it is here" },
      ],
      rows: owners.map((owner) => [
        html`${nameOf(owner.name)}${owner.path === null ? null : html`<br /><span class="path">${nameOf(owner.path)}</span>`}`,
        owner.version ?? "–",
        { shown: html`${formatBytes(owner.bytes)} ${renderBar(owner.bytes, bytes)}`, value: owner.bytes },
        { shown: formatCount(owner.files), value: owner.files },
        owner.license ?? "–",
        whyText(facts, owner),
      ]),
      hasFilter: true,
    })}
  </section>`;
}

/** "the project → express → qs, and 2 others ask for it" */
function whyText({ owners, name }: SideFacts, owner: Owner): Markup {
  if (owner.role === "runtime") return html`the runtime`;
  if (owner.role === "project") return html`the project itself`;
  if (owner.role === "tool") return html`packed by envpack: it activates, verifies and moves the environment`;
  if (owner.parent === null) return html`<span class="warn">nothing that is packed asks for it</span>`;
  const steps: string[] = [];
  for (let at: number | null = owner.parent; at !== null && at !== ENVIRONMENT; at = owners[at]?.parent ?? null)
    steps.unshift(owners[at]?.name ?? "");
  const way = [name, ...steps, owner.name];
  const shown = way.length <= MOST_STEPS ? way : [...way.slice(0, 3), "…", ...way.slice(-2)];
  const others = owner.dependents.length - 1;
  const more = others > 0 ? html` <span class="muted">(${others === 1 ? "1 other asks" : `${others} others ask`} for it)</span>` : null;
  return html`${shown.map((step, at) => html`${at === 0 ? "" : " → "}${nameOf(step)}`)}${more}`;
}

/** Packages that are packed in several copies, and who asks for each. */
export function renderDuplicates({ owners }: SideFacts): Markup {
  const duplicates = findDuplicates(owners);
  const table = renderTable({
    caption: "Packages in several copies",
    columns: [
      { title: "Package" },
      { title: "Copies", isNumber: true },
      { title: "Size", isNumber: true },
      { title: "Beyond one", isNumber: true },
      { title: "Version, where, and for whom" },
    ],
    rows: duplicates.map(({ name, copies, bytes, extraBytes }) => [
      nameOf(name),
      { shown: String(copies.length), value: copies.length },
      { shown: formatBytes(bytes), value: bytes },
      { shown: formatBytes(extraBytes), value: extraBytes },
      html`<ul class="plain">
        ${copies.map((place) => renderCopy(owners, place))}
      </ul>`,
    ]),
  });
  return html`<section aria-labelledby="duplicates">
    <h2 id="duplicates">In several copies</h2>
    ${duplicates.length === 0 ? html`<p>Each package is here once.</p>` : table}
  </section>`;
}

function renderCopy(owners: readonly Owner[], place: number): Markup {
  const { version, path, bytes, dependents } = owners[place] as Owner;
  const names = dependents.map((by) => (by === ENVIRONMENT ? "the environment" : (owners[by]?.name ?? "")));
  const shown = names.slice(0, 4);
  const more = names.length - shown.length;
  return html`<li>
    <strong>${version ?? "no version"}</strong> ${formatBytes(bytes)}, for
    ${shown.length === 0 ? "nobody that is packed" : shown.map((name, at) => html`${at === 0 ? "" : ", "}${nameOf(name)}`)}${more > 0 ? ` and ${more} more` : ""}<br /><span
      class="path"
      >${nameOf(path ?? "")}</span
    >
  </li>`;
}
