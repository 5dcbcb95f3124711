import { EnvpackError } from "./errors.js";

/** Entries get this time where SOURCE_DATE_EPOCH is unset: 1985-10-26, the one that npm's own tarballs bear. */
const DEFAULT_MTIME = 499_162_500;

/** The time that every entry gets, in seconds since 1970: the one that was asked for, else that of the environment variable, else a constant. */
export function mtimeOf({ mtime }: { readonly mtime?: number }): number {
  return mtime ?? sourceDateEpoch(process.env.SOURCE_DATE_EPOCH);
}

/** The value of SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch) as a number. */
function sourceDateEpoch(value: string | undefined): number {
  if (value === undefined || value === "") return DEFAULT_MTIME;
  if (/^\d{1,11}$/.test(value)) return Number(value);
  throw new EnvpackError("USAGE", "SOURCE_DATE_EPOCH is not a number of seconds", {
    hint: "unset it, or give the seconds since 1970",
  });
}
