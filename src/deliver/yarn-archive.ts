import type { ArchiveFormat } from "../archive/format.js";
import { withoutEnding } from "../archive/format.js";
import { EnvpackError } from "../errors.js";

/** Hex digits of the archive's SHA-256 that its name ends in: 64 bits tell any two apart. */
const DIGEST_DIGITS = 16;

/**
 * What an archive is called for YARN: `shop-0123456789abcdef.tar.gz`. YARN's cache goes by path and
 * time, not by content, so content that changes must change the name. The name stands in URIs, in
 * lists with commas and in shell words: other characters than plain ones become "-".
 *
 * @param sha256 of the archive, in hex
 */
export function yarnName(name: string, sha256: string): string {
  const digest = sha256.slice(0, DIGEST_DIGITS);
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-._]+|[-._]+$/g, "") || "env";
  return plain.endsWith(`-${digest}`) ? `${plain}.tar.gz` : `${plain}-${digest}.tar.gz`;
}

/** What an archive that lies in a file is called on the cluster. */
export function yarnNameOfFile(file: string, sha256: string): string {
  return yarnName(withoutEnding(file), sha256);
}

/**
 * YARN's localizer goes by the end of the name, and extracts gzip and plain tar; Spark unpacks a plain
 * tar by a code of its own that loses modes and refuses links, so gzip is the one format for both.
 *
 * @throws EnvpackError ARCHIVE_UNFIT
 */
export function assertYarnFormat(format: ArchiveFormat, path: string): void {
  if (format === "tar.gz") return;
  const why = format === "tar" ? "Spark loses modes and links of a plain tar" : "YARN does not extract it";
  throw new EnvpackError("ARCHIVE_UNFIT", `the archive is a ${format}: ${why}`, { path, hint: "pack it with `envpack pack --for yarn`" });
}
