import { META } from "../../archive/entry.js";

export type SbomFormat = "cyclonedx" | "spdx";

/** The formats of bills of materials: where one lies in an archive, and what its file beside an archive ends in. */
export const DOCUMENTS: readonly { readonly format: SbomFormat; readonly arcpath: string; readonly ending: string }[] = [
  { format: "cyclonedx", arcpath: `${META.folder}/sbom.cdx.json`, ending: ".cdx.json" },
  { format: "spdx", arcpath: `${META.folder}/sbom.spdx.json`, ending: ".spdx.json" },
];
