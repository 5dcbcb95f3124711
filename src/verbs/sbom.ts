import { resolve } from "node:path";
import { refuseExisting } from "../engine/sinks/output.js";
import type { OpenPackedOptions } from "../inspect/open-environment.js";
import type { SignatureOptions } from "../inspect/signature-files.js";
import type { SbomFormat } from "../evidence/sbom/documents.js";
import { takeInventory } from "../evidence/sbom/inventory.js";
import { withPackedTree } from "../evidence/sbom/open-tree.js";
import { renderSbom, timestampOf } from "../evidence/sbom/render.js";
import { digestForSerial, serialOf } from "../evidence/sbom/serial.js";
import type { CommonOptions } from "../support/options.js";
import type { Notice } from "../support/progress.js";
import { writeWhole } from "../engine/sinks/output.js";
import { timesOf } from "./pack/mtime.js";

export interface SbomOptions extends CommonOptions, SignatureOptions {
  /** An archive, or a restored environment. */
  readonly path: string;
  /** "cyclonedx" (1.6, the default) or "spdx" (2.3). */
  readonly format?: SbomFormat;
  /** A file to write it to, whole or not at all. */
  readonly output?: string;
  /** Replaces an existing output. */
  readonly force?: boolean;
}

export interface SbomResult {
  readonly format: SbomFormat;
  /** The document: JSON, with a line feed at its end. */
  readonly document: string;
  /** Absolute; null where none was named. */
  readonly output: string | null;
  /** Packages, runtime, libraries and what is built into them. */
  readonly components: number;
  readonly notices: readonly Notice[];
}

/**
 * Makes a bill of materials of what is packed. The same environment gives the same bytes: the time in it is
 * SOURCE_DATE_EPOCH, else that of the archive's entries.
 */
export async function sbom({ path, format = "cyclonedx", output, force = false, ...options }: SbomOptions): Promise<SbomResult> {
  const file = output === undefined ? null : resolve(output);
  if (file !== null) await refuseExisting(file, force);
  const made = await describe(path, format, options);
  if (file !== null) await writeWhole(file, Buffer.from(made.document), force);
  return { format, output: file, ...made };
}

async function describe(
  path: string,
  format: SbomFormat,
  options: OpenPackedOptions,
): Promise<Pick<SbomResult, "document" | "components" | "notices">> {
  return withPackedTree(path, options, async ({ index, manifest }, tree) => {
    const inventory = await takeInventory(tree, manifest);
    const { times, mtime } = timesOf({});
    const stamp = { serial: serialOf(digestForSerial(index.entries)), timestamp: timestampOf(times === undefined ? mtime : index.mtime) };
    return { document: renderSbom(inventory, format, stamp), components: inventory.components.length, notices: inventory.notices };
  });
}
