import { countOf, formatBytes, formatCount } from "../../../support/quantities.js";
import type { SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import type { PackingFacts } from "../packing.js";
import { renderTable } from "../table.js";

/** What was made to move, and what names a place still. */
export function renderRelocation({ relocation, fixups }: SideFacts, packing: PackingFacts | null): Markup {
  const { relative, broughtIn, dropped } = relocation;
  const residuals = packing?.residuals ?? [];
  return html`<section aria-labelledby="relocation">
    <h2 id="relocation">What was relocated</h2>
    <ul>
      <li>${countOf(relative, "link, shim or script was", "links, shims and scripts were")} made relative: they work in any place.</li>
      <li>
        ${countOf(broughtIn, "thing", "things")} from outside of the environment, to which links led, ${broughtIn === 1 ? "was" : "were"}
        brought in.
      </li>
      <li>
        ${countOf(dropped, "leftover of builds and note", "leftovers of builds and notes")} of where something was installed
        ${dropped === 1 ? "was" : "were"} dropped.
      </li>
      <li>
        ${countOf(fixups.length, "file names", "files name")} the environment's own place: <code>envpack unpack</code> and
        <code>envpack relocate</code> rewrite them.
      </li>
    </ul>
    ${
      fixups.length === 0
        ? null
        : renderTable({
            caption: "Files that are rewritten for their place",
            columns: [{ title: "File" }, { title: "Kind" }, { title: "Places", isNumber: true }],
            rows: fixups.map(({ path, kind, places }) => [
              html`<span class="path">${nameOf(path)}</span>`,
              kind,
              { shown: formatCount(places), value: places },
            ]),
          })
    }
    ${
      residuals.length === 0
        ? null
        : html`<h3>Files that name folders of the packing machine</h3>
            <p>Those folders did not go in, and nothing is rewritten there.</p>
            ${renderTable({
              caption: "Files that name folders of the packing machine",
              columns: [{ title: "File" }, { title: "What that means" }],
              rows: residuals.map(({ file, why }) => [html`<span class="path">${nameOf(file)}</span>`, why]),
            })}`
    }
  </section>`;
}

/** Reasons in words. */
const REASONS = new Map([
  ["excluded", "matched by --exclude"],
  ["development", "development dependency"],
  ["platform", "for another platform"],
  ["workspace", "of the rest of the workspace"],
  ["beside", "beside linked packages, and no packed one declares it"],
  ["cache", "cache that tools make again"],
  ["build", "leftover of a build"],
  ["secret", "secret"],
  ["vcs", "version control"],
  ["output", "an archive, or envpack's own work"],
]);

/** What did not go in. Of secrets the names are told; nothing of what is in them was ever read into this page. */
export function renderLeftOut({ omitted, includedSecrets }: SideFacts, packing: PackingFacts | null): Markup {
  return html`<section aria-labelledby="left-out">
    <h2 id="left-out">What was left out</h2>
    ${omitted.includes("dev") ? html`<p>Development dependencies were left out on purpose (<code>--omit dev</code>).</p>` : null}
    ${
      includedSecrets.length === 0
        ? html`<p>No file that looks like a secret was let in by name.</p>`
        : html`<p class="warn">Secrets that were let in by name (<code>--include-secret</code>):</p>
            <ul>
              ${includedSecrets.map((path) => html`<li class="path">${nameOf(path)}</li>`)}
            </ul>`
    }
    ${packing === null ? html`<p class="muted">What else stayed behind is told while packing and stands in no archive, so that the same environment gives the same bytes. Keep it with <code>envpack pack --json &gt; pack.json</code>, and name that file: <code>envpack report ARCHIVE --packed pack.json</code>.</p>` : leftOutTable(packing)}
  </section>`;
}

function leftOutTable({ leftOut, notices }: PackingFacts): Markup {
  // Secrets first: they are what somebody looks for.
  const sorted = [...leftOut].sort(
    (a, b) => Number(b.reason === "secret") - Number(a.reason === "secret") || (b.bytes ?? 0) - (a.bytes ?? 0),
  );
  const table = renderTable({
    caption: "What was left out",
    columns: [{ title: "Path" }, { title: "Why" }, { title: "Files", isNumber: true }, { title: "Size", isNumber: true }],
    rows: sorted.map(({ path, reason, files, bytes }) => [
      html`<span class="path">${nameOf(path)}</span>`,
      reason === "secret" ? html`<strong class="warn">secret</strong>` : (REASONS.get(reason) ?? reason),
      { shown: files === null ? "not counted" : formatCount(files), value: files ?? 0 },
      { shown: bytes === null ? "–" : formatBytes(bytes), value: bytes ?? 0 },
    ]),
    hasFilter: true,
  });
  return html`${leftOut.length === 0 ? html`<p>Nothing else was left out.</p>` : table}
  ${
    notices.length === 0
      ? null
      : html`<h3>What was noticed while packing</h3>
          <ul>
            ${notices.map((notice) => html`<li>${notice}</li>`)}
          </ul>`
  }`;
}
