import { resolve } from "node:path";
import { refuseExisting, writeWhole } from "../engine/sinks/output.js";
import type { SignatureOptions } from "../inspect/signature-files.js";
import { readAssets } from "../evidence/report/assets.js";
import { compareFacts } from "../evidence/report/changes.js";
import type { SideFacts } from "../evidence/report/facts.js";
import { gatherFacts } from "../evidence/report/gather.js";
import { readPacking, type PackingFacts } from "../evidence/report/packing.js";
import { renderPage } from "../evidence/report/page.js";
import { withPackedTree } from "../evidence/sbom/open-tree.js";
import { digestFile } from "../support/digest.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { CommonOptions } from "../support/options.js";
import { readShortText } from "../support/read-text.js";
import { isFolder } from "../inspect/open-environment.js";

export interface ReportOptions extends CommonOptions, SignatureOptions {
  /** An archive, or a restored environment. */
  readonly path: string;
  /** A newer one: then the report is about that, and tells what changed. */
  readonly newer?: string;
  /** A file with what `envpack pack --json` printed of the archive that the report is about: what was left out stands there. */
  readonly packed?: string;
  /** A file to write the page to, whole or not at all. */
  readonly output?: string;
  /** Replaces an existing output. */
  readonly force?: boolean;
}

export interface ReportResult {
  /** The page: HTML in one piece, that asks nothing of the network. */
  readonly page: string;
  /** Absolute; null where none was named. */
  readonly output: string | null;
  /** Packages, and what else files belong to. */
  readonly owners: number;
  /** Packages that are not as in the older one; null where there is none. */
  readonly changed: number | null;
}

/** Bytes of what `envpack pack --json` printed: it names all that was left out. */
const PACKING_LIMIT = 64 << 20;

/**
 * Makes a page for browsers of what is packed: sizes, reasons, copies, natives, licences, proof; of two what changed.
 *
 * @throws EnvpackError REPORT_INVALID where `packed` is about something else, and as `sbom`
 */
export async function report({ path, newer, packed, output, force = false, ...options }: ReportOptions): Promise<ReportResult> {
  const file = output === undefined ? null : resolve(output);
  if (file !== null) await refuseExisting(file, force);
  const subject = newer ?? path;
  const packing = packed === undefined ? null : await readPackingOf(subject, packed);
  // A signature that was named is that of the one that the report is about.
  const before = newer === undefined ? null : await gather(path, { ...options, signature: undefined });
  const facts = await gather(subject, options);
  const changes = before === null ? null : compareFacts(before, facts);
  const compared = before === null || changes === null ? null : { before, changes };
  const page = renderPage({ facts, compared, packing }, await readAssets());
  if (file !== null) await writeWhole(file, Buffer.from(page), force);
  return { page, output: file, owners: facts.owners.length, changed: changes === null ? null : changes.packages.length };
}

async function gather(path: string, options: SignatureOptions & CommonOptions): Promise<SideFacts> {
  return withPackedTree(path, options, gatherFacts);
}

async function readPackingOf(archive: string, packed: string): Promise<PackingFacts> {
  if (await isFolder(resolve(archive)))
    throw new EnvpackError("USAGE", "what was left out is told of an archive, by its digest", {
      path: archive,
      hint: "name the archive instead of a folder, or leave --packed away",
    });
  let text: string;
  try {
    text = readShortText(packed, PACKING_LIMIT);
  } catch (error) {
    throw explainError(error, "cannot read what pack printed", packed);
  }
  return readPacking(text, (await digestFile(resolve(archive))).sha256, packed);
}
