import { countOf, formatBytes, formatShare } from "../../../support/quantities.js";
import { findDuplicates } from "../duplicates.js";
import type { SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";

/** What an environment is, at a glance. */
export function renderSummary(facts: SideFacts): Markup {
  const share = facts.archiveBytes === null ? null : formatShare(facts.archiveBytes, facts.bytes);
  const duplicates = findDuplicates(facts.owners);
  const unclear = facts.licenses.filter(({ kind }) => kind !== "spdx").length;
  const packages = facts.owners.filter(({ role }) => role === "direct" || role === "indirect").length;
  const cards = [
    card("Content", formatBytes(facts.bytes), countOf(facts.files, "file", "files")),
    facts.archiveBytes === null
      ? null
      : card("Archive", formatBytes(facts.archiveBytes), `${facts.format}${share === null ? "" : `, ${share} of the content`}`),
    card("Packages", String(packages), "besides those that come with Node.js"),
    card(
      "In several copies",
      String(duplicates.length),
      duplicates.length === 0 ? "each package is here once" : `${formatBytes(sumExtra(duplicates))} beyond one of each`,
    ),
    card("Native files", String(facts.natives.length), abisOf(facts)),
    card(
      "Licences",
      unclear === 0 ? "all clear" : `${unclear} unclear`,
      countOf(facts.licenses.length, "package was asked", "packages were asked"),
    ),
    card("Proof", proofWord(facts), facts.proof.length === 0 ? "whether it runs elsewhere" : countOf(trialsOf(facts), "trial", "trials")),
  ];
  return html`<section aria-labelledby="summary">
    <h2 id="summary">At a glance</h2>
    <ul class="cards">
      ${cards}
    </ul>
    <dl class="facts">${rowsOf(facts)}</dl>
    ${
      facts.notes.length === 0
        ? null
        : html`<h3>What could not be read</h3>
            <ul>
              ${facts.notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
    }
  </section>`;
}

function card(title: string, value: string, note: string): Markup {
  return html`<li class="card"><span class="card-title">${title}</span> <strong>${value}</strong> <span class="muted">${note}</span></li>`;
}

function rowsOf(facts: SideFacts): Markup[] {
  const rows: (readonly [string, string | null])[] = [
    ["File", facts.file],
    ["Made for", facts.platform],
    ["Node.js", facts.runtime ?? "none inside: the machine's own runs it"],
    ["Installed by", facts.manager],
    ["Packed by", facts.createdBy],
    ["Signature", facts.signature ?? (facts.format === "unpacked" ? null : "not signed")],
    ["Digest of all entries", facts.digest],
  ];
  return rows
    .filter((row): row is readonly [string, string] => row[1] !== null)
    .map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${nameOf(value)}</dd>
        </div>`,
    );
}

function sumExtra(duplicates: ReturnType<typeof findDuplicates>): number {
  return duplicates.reduce((sum, { extraBytes }) => sum + extraBytes, 0);
}

function abisOf({ natives }: SideFacts): string {
  const bound = new Set(natives.map(({ abi }) => abi).filter((abi) => abi !== null && abi !== "napi"));
  if (bound.size > 0) return `addons bound to ABI ${[...bound].sort().join(", ")}`;
  return natives.some(({ abi }) => abi === "napi") ? "addons for any Node.js (Node-API)" : "no addons";
}

function trialsOf({ proof }: SideFacts): number {
  return proof.reduce((sum, { trials }) => sum + trials.length, 0);
}

function proofWord({ proof }: SideFacts): string {
  if (proof.length === 0) return "none";
  const failed = proof.flatMap(({ trials }) => trials).filter(({ outcome }) => outcome === "failed").length;
  return failed === 0 ? "holds" : `${failed} failed`;
}
