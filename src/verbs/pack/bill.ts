import { fileOfBytes, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import type { Manifest } from "../../manifest/manifest.js";
import { DOCUMENTS, type SbomFormat } from "../../evidence/sbom/documents.js";
import { takeInventory } from "../../evidence/sbom/inventory.js";
import { plannedTree } from "../../evidence/sbom/planned-tree.js";
import { renderSbom, timestampOf } from "../../evidence/sbom/render.js";
import { serialOf } from "../../evidence/sbom/serial.js";
import type { Notice } from "../../support/progress.js";

/** A bill of materials of what is about to be packed: all of it is known but its number, which follows from the digests. */
export interface PlannedBill {
  readonly format: SbomFormat;
  /** The entry with its true size; its content is not the final one. */
  readonly draft: PlannedFile;
  /**
   * @param digest over the index lines of all entries before it
   * @param seconds the time that it bears, since 1970
   */
  render(digest: string, seconds: number): PlannedFile;
  readonly notices: readonly Notice[];
}

export async function planBill(
  format: SbomFormat,
  entries: readonly PlannedEntry[],
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<PlannedBill> {
  const inventory = await takeInventory(plannedTree(entries, signal), manifest);
  const arcpath = DOCUMENTS.find((one) => one.format === format)?.arcpath as string;
  const render = (digest: string, seconds: number): PlannedFile =>
    fileOfBytes(arcpath, Buffer.from(renderSbom(inventory, format, { serial: serialOf(digest), timestamp: timestampOf(seconds) })));
  return { format, draft: render("", 0), render, notices: inventory.notices };
}
