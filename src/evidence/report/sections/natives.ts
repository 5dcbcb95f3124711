import type { NativeFact, SideFacts } from "../facts.js";
import { html, nameOf, type Markup } from "../html.js";
import { renderTable } from "../table.js";

/** Addons, libraries and the runtime: what each was built for and needs. */
export function renderNatives({ natives, owners, platform }: SideFacts): Markup {
  const table = renderTable({
    caption: "Native files",
    columns: [
      { title: "File" },
      { title: "Package" },
      { title: "Built for" },
      { title: "C library" },
      { title: "Node.js ABI" },
      { title: "Needs" },
    ],
    rows: natives.map((native) => [
      html`<span class="path">${nameOf(native.path)}</span>`,
      nameOf(owners[native.owner]?.name ?? ""),
      [native.os, native.arch].filter((one) => one !== null).join("-") || "not known",
      libcText(native),
      native.abi === "napi" ? "any (Node-API)" : (native.abi ?? "–"),
      native.needed.length === 0 ? "–" : html`<span class="path">${native.needed.join(", ")}</span>`,
    ]),
    hasFilter: true,
  });
  return html`<section aria-labelledby="natives">
    <h2 id="natives">Native files</h2>
    <p>By their own headers. The environment as a whole is for ${platform}.</p>
    ${natives.length === 0 ? html`<p>None: it is scripts and data only.</p>` : table}
  </section>`;
}

function libcText({ libc, glibc }: NativeFact): string {
  if (glibc !== null) return `glibc ${glibc} or later`;
  return libc ?? "–";
}
