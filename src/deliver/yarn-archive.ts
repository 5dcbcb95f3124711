import type { PackFormat } from "../archive/formats.js";
import { EnvpackError } from "../support/errors.js";

/**
 * YARN's localizer goes by the end of the name, and extracts gzip and plain tar; Spark unpacks a plain
 * tar by code of its own that loses modes and refuses links, so gzip is the one format for both.
 *
 * @throws EnvpackError ARCHIVE_UNFIT
 */
export function assertYarnFormat(format: PackFormat, path: string | null): void {
  if (format === "tar.gz") return;
  const spoilt = new Map([
    ["tar", "Spark loses modes and links of one"],
    ["zip", "YARN makes text files of its links"],
  ]);
  const why = spoilt.get(format) ?? "YARN does not extract one";
  throw new EnvpackError("ARCHIVE_UNFIT", `the archive is a ${format}, and ${why}`, {
    path: path ?? undefined,
    hint: "make a .tar.gz: `envpack pack --for yarn`",
  });
}
