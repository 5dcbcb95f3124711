import { makeCycloneDx } from "./cyclonedx.js";
import type { SbomFormat } from "./documents.js";
import type { Inventory } from "./inventory.js";
import { makeSpdx } from "./spdx.js";
import type { Stamp } from "./stamp.js";

/** A bill of materials as text. Its length does not depend on the serial number. */
export function renderSbom(inventory: Inventory, format: SbomFormat, stamp: Stamp): string {
  const document = format === "cyclonedx" ? makeCycloneDx(inventory, stamp) : makeSpdx(inventory, stamp);
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** @param seconds since 1970 */
export function timestampOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
