import { basename } from "node:path";
import type { PlannedFile } from "../../archive/entry.js";
import { PARCEL_DIGEST } from "../../deliver/parcel/parcel-name.js";
import { refuseExisting, writeWhole } from "../../engine/sinks/output.js";
import { DOCUMENTS, type SbomFormat } from "../../evidence/sbom/documents.js";
import { evidenceName } from "../../evidence/provenance/evidence.js";
import { EnvpackError } from "../../support/errors.js";
import { isFolder, type OutputPlan } from "./output.js";

/** Files that were written beside an archive; absolute, null where none was asked for. */
export interface Beside {
  /** The bill of materials that is in the archive, once more. */
  readonly sbom: string | null;
  /** The archive's SHA-256, as `sha256sum -c` takes it. */
  readonly checksum: string | null;
  /** A parcel's SHA-1, as Cloudera Manager reads it: `NAME-VERSION-DISTRO.parcel.sha`. */
  readonly parcelHash: string | null;
}

interface Asked {
  readonly sbom?: SbomFormat;
  readonly checksum?: boolean;
  readonly provenance?: boolean;
}

/**
 * Looks whether the files can be written, before anything is packed.
 *
 * @throws EnvpackError USAGE, OUTPUT_EXISTS
 */
export async function checkBeside({ sbom, checksum, provenance }: Asked, place: OutputPlan, replaces: boolean): Promise<void> {
  const { path } = place;
  if (checksum === true && isFolder(place)) {
    throw new EnvpackError("USAGE", "a folder has no digest that sha256sum could check", {
      hint: "leave --sha256 away: `envpack verify DIR` checks every file of it",
    });
  }
  if (path === null) {
    if (checksum === true)
      throw new EnvpackError("USAGE", "a stream has no place for a file with its digest", {
        hint: "name an output, or pipe it through sha256sum",
      });
    return;
  }
  const files = [
    ...(sbom === undefined ? [] : [sbomName(path, sbom)]),
    ...(checksum === true ? [checksumName(path)] : []),
    // That of an image is attached to it.
    ...(provenance === true && place.format !== "oci" ? [evidenceName(path, "provenance")] : []),
  ];
  for (const file of files) await refuseExisting(file, replaces);
}

/** @param place where the output is by now */
export async function writeBeside(
  { sbom, checksum }: Asked,
  { path, parcel }: Pick<OutputPlan, "path" | "parcel">,
  { bill, sha256, replaces }: { readonly bill: PlannedFile | null; readonly sha256: string; readonly replaces: boolean },
): Promise<Beside> {
  if (path === null) return { sbom: null, checksum: null, parcelHash: null };
  const sbomFile = sbom === undefined || bill?.source.kind !== "bytes" ? null : sbomName(path, sbom);
  if (sbomFile !== null && bill?.source.kind === "bytes") await writeWhole(sbomFile, bill.source.bytes, replaces);
  const checksumFile = checksum === true ? checksumName(path) : null;
  if (checksumFile !== null) await writeWhole(checksumFile, Buffer.from(checksumLine(basename(path), sha256)), replaces);
  return { sbom: sbomFile, checksum: checksumFile, parcelHash: parcel === null ? null : `${path}${PARCEL_DIGEST}` };
}

function sbomName(path: string, format: SbomFormat): string {
  return `${path}${DOCUMENTS.find((one) => one.format === format)?.ending}`;
}

function checksumName(path: string): string {
  return `${path}.sha256`;
}

/** As sha256sum writes it: where a name would break the line it is escaped, and a `\` at the line's start says so. */
export function checksumLine(name: string, sha256: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `${escaped === name ? "" : "\\"}${sha256}  ${escaped}\n`;
}
