import type { Hostile } from "./environment.js";
import type { Format } from "./raw-archive.js";

/** One hostile archive of a row of the table in docs/SECURITY.md. */
export interface Row {
  readonly number: number;
  readonly what: string;
  /** What envpack must say: the codes that fit, or "accept". */
  readonly expected: RegExp | "accept";
  /** Whether the index alone shows it, which is all that `list` reads; else the list is that of the index. */
  readonly listed: boolean;
  /** The archive; or how its bytes are made, null where the format knows no such thing. */
  readonly archive: Hostile | ((format: Format) => Buffer | null);
}

export const UNSAFE = /ARCHIVE_(UNSAFE|CORRUPT)/;
export const CORRUPT = /ARCHIVE_(CORRUPT|LIMIT|UNSAFE)|DIGEST_MISMATCH|NOT_AN_ARCHIVE/;

/** A row whose fault stands in the index. */
export function listed(number: number, what: string, archive: Row["archive"], expected: Row["expected"] = UNSAFE): Row {
  return { number, what, expected, listed: true, archive };
}

/** A row whose fault stands in the tar only. */
export function hidden(number: number, what: string, archive: Row["archive"], expected: Row["expected"] = CORRUPT): Row {
  return { number, what, expected, listed: false, archive };
}
