import { createHash } from "node:crypto";
import { VERSION } from "../../support/version.js";
import type { PageAssets } from "./assets.js";
import type { Changes } from "./changes.js";
import type { SideFacts } from "./facts.js";
import { html, jsonForScript, Markup, nameOf } from "./html.js";
import { FILE_KINDS } from "./kinds.js";
import type { PackingFacts } from "./packing.js";
import { renderChanges } from "./sections/changes.js";
import { renderLicenses } from "./sections/licenses.js";
import { renderNatives } from "./sections/natives.js";
import { renderDuplicates, renderPackages } from "./sections/packages.js";
import { renderLeftOut, renderRelocation } from "./sections/places.js";
import { renderEvidence } from "./sections/proof.js";
import { renderSummary } from "./sections/summary.js";

/** What a page is made of. */
export interface PageFacts {
  readonly facts: SideFacts;
  /** What it is compared with, and how; null: nothing. */
  readonly compared: { readonly before: SideFacts; readonly changes: Changes } | null;
  readonly packing: PackingFacts | null;
}

const LINKS = [
  ["map", "Map of sizes"],
  ["packages", "Packages"],
  ["duplicates", "Several copies"],
  ["natives", "Native files"],
  ["relocation", "Relocated"],
  ["left-out", "Left out"],
  ["licences", "Licences"],
  ["proof", "Proof"],
] as const;

/**
 * The page as one text: it names no other file and no place of the network, and its policy lets nothing run but its
 * own script. The same facts give the same bytes.
 */
export function renderPage({ facts, compared, packing }: PageFacts, { style, script }: PageAssets): string {
  const title = facts.version === null ? facts.name : `${facts.name} ${facts.version}`;
  const links = [["summary", "At a glance"], ...(compared === null ? [] : [["changes", "What changed"]]), ...LINKS];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; script-src '${digestOf(script)}'; style-src '${digestOf(style)}'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}: what is inside</title>
        ${new Markup(`<style>${style}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <h1>${nameOf(facts.name)}${facts.version === null ? null : html` <span class="version">${nameOf(facts.version)}</span>`}</h1>
          <p class="muted">
            ${facts.kind === "project" ? "A project" : "An environment"} for
            ${facts.platform}${facts.runtime === null ? null : html`, with Node.js ${facts.runtime}`}
          </p>
        </header>
        <nav aria-label="Parts of this page">
          <ul>
            ${links.map(([id, text]) => html`<li><a href="#${id ?? ""}">${text ?? ""}</a></li>`)}
          </ul>
        </nav>
        <main id="main" tabindex="-1">
          ${renderSummary(facts)} ${compared === null ? null : renderChanges(compared.before, facts, compared.changes)}
          ${renderMap(compared !== null)} ${renderPackages(facts)} ${renderDuplicates(facts)} ${renderNatives(facts)}
          ${renderRelocation(facts, packing)} ${renderLeftOut(facts, packing)} ${renderLicenses(facts)} ${renderEvidence(facts)}
        </main>
        <footer class="muted">Made by envpack ${VERSION}. This page is one file, and asks nothing of the network.</footer>
        <script type="application/json" id="data">
          ${jsonForScript(mapData(facts, compared?.changes ?? null))}
        </script>
        ${new Markup(`<script>${script}</script>`)}
      </body>
    </html> `;
  return page.text;
}

/** The map is drawn by the page's script; the table of packages says the same without it. */
function renderMap(hasChanges: boolean): Markup {
  const modes = [["package", "package"], ["kind", "kind of file"], ...(hasChanges ? [["change", "change"]] : [])];
  return html`<section aria-labelledby="map">
    <h2 id="map">Map of sizes</h2>
    <noscript
      ><p>The map needs the page's script. <a href="#packages">The table of packages</a> tells the same.</p></noscript
    >
    <div id="map-tool" hidden>
      <p>
        Each field is as large as its files. Arrow keys move, Enter tells more; <a href="#packages">the table of packages</a> tells the
        same.
      </p>
      <fieldset class="modes">
        <legend>Show by</legend>
        ${modes.map(([value, label], at) => html`<label><input type="radio" name="mode" value="${value ?? ""}" ${at === 0 ? html` checked` : null} /> ${label ?? ""}</label>`)}
        <label><input type="checkbox" id="without-runtime" /> without Node.js</label>
      </fieldset>
      <ul id="legend" class="legend"></ul>
      <div id="treemap" class="treemap" role="group" aria-label="Map of sizes"></div>
      <div id="details" class="details" role="region" aria-label="Details of the chosen field" aria-live="polite">
        <p class="muted">Choose a field of the map: what it holds and why it is here is told in this place.</p>
      </div>
    </div>
  </section>`;
}

/** What the script needs: kinds by their place in a list, so that names stand once. */
function mapData(facts: SideFacts, changes: Changes | null): object {
  return {
    name: facts.name,
    bytes: facts.bytes,
    kinds: FILE_KINDS,
    owners: facts.owners.map(({ digest: _, kinds, largest, ...owner }, place) => ({
      ...owner,
      kinds: kinds.map(({ kind, bytes, files }) => [FILE_KINDS.indexOf(kind), bytes, files]),
      largest: largest.map(({ path, bytes }) => [path, bytes]),
      ...(changes === null ? {} : { change: changes.status.get(place) ?? "same" }),
    })),
  };
}

function digestOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
