import { countOf } from "../../../support/quantities.js";
import type { ProofFact, SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import { renderTable } from "../table.js";

/** What lies beside the archive and vouches for it: provenance and proof. */
export function renderEvidence({ beside, proof }: SideFacts): Markup {
  return html`<section aria-labelledby="proof">
    <h2 id="proof">Proof and provenance</h2>
    ${
      beside.length === 0
        ? html`<p class="muted">
            Nothing lies beside it. <code>envpack prove ARCHIVE</code> tries it where nothing of this machine is left, and writes what it
            found beside it.
          </p>`
        : html`<dl class="facts">
            ${beside.map(
              ({ kind, file, fits, says, signedBy }) =>
                html`<div>
                  <dt>${kind}</dt>
                  <dd>
                    ${fits ? says : html`<span class="warn">not of this archive: ${says}</span>`};
                    ${signedBy === null ? "no named key vouches for it" : `signed by ${signedBy}`}<br /><span class="path"
                      >${nameOf(file)}</span
                    >
                  </dd>
                </div>`,
            )}
          </dl>`
    }
    ${proof.map(renderRun)}
  </section>`;
}

function renderRun({ conditions, sandbox, hidden, visible, trials }: ProofFact): Markup {
  const failed = trials.filter(({ outcome }) => outcome === "failed").length;
  return html`<h3>
      As ${nameOf(conditions)}, by ${nameOf(sandbox)}:
      ${failed === 0 ? `all of ${countOf(trials.length, "trial holds", "trials hold")}` : `${failed} of ${trials.length} trials fail`}
    </h3>
    <dl class="facts">${list("Hidden", hidden)} ${list("Could not be hidden", visible)}</dl>
    ${renderTable({
      caption: `Trials as ${conditions}`,
      columns: [{ title: "What" }, { title: "Kind" }, { title: "Outcome" }, { title: "What was seen" }],
      rows: trials.map(({ kind, name, outcome, detail }) => [
        nameOf(name),
        kind,
        outcome === "failed" ? html`<strong class="bad">failed</strong>` : outcome,
        nameOf(detail),
      ]),
      hasFilter: true,
    })}`;
}

function list(title: string, items: readonly string[]): Markup | null {
  return items.length === 0
    ? null
    : html`<div>
        <dt>${title}</dt>
        <dd>${items.map((item, at) => html`${at === 0 ? "" : ", "}${nameOf(item)}`)}</dd>
      </div>`;
}
