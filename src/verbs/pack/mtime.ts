import type { TarShape } from "../../archive/tar/entry-header.js";
import { EnvpackError } from "../../support/errors.js";

/** The time of folders and links where SOURCE_DATE_EPOCH is unset: 1985-10-26, the one that npm's own tarballs bear. */
const DEFAULT_MTIME = 499_162_500;

/**
 * The times of an archive's entries. One that was asked for, by option or by the environment variable, is that of all
 * of them. Else a file's follows its content: rsync and the caches of HTTP tell by size and time whether a file
 * has changed.
 */
export function timesOf({ mtime }: { readonly mtime?: number }): Pick<TarShape, "mtime" | "times"> {
  const asked = mtime ?? sourceDateEpoch(process.env.SOURCE_DATE_EPOCH);
  return asked === null ? { mtime: DEFAULT_MTIME, times: "content" } : { mtime: asked };
}

/** The value of SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch) as a number; null where it is unset. */
function sourceDateEpoch(value: string | undefined): number | null {
  if (value === undefined || value === "") return null;
  if (/^\d{1,11}$/.test(value)) return Number(value);
  throw new EnvpackError("USAGE", "SOURCE_DATE_EPOCH is not a number of seconds", {
    hint: "unset it, or give the seconds since 1970",
  });
}
