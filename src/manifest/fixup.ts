/** How the environment's root is written in a file's bytes. */
export type Spelling =
  /** as it is */
  | "plain"
  /** "/" as "\/", as some JSON encoders write it */
  | "escaped"
  /** "/" as %2F, as encodeURIComponent writes it */
  | "percent"
  /** the path part of a file: URL; differs from plain where a character needs escaping */
  | "url";

/**
 * A file that names the environment's own root: a line of `.envpack/fixups.jsonl`. The content in
 * the archive is the original; `envpack unpack` and `envpack relocate` write the new root in place
 * of the old one at just these places.
 */
export interface Fixup {
  /** Arcpath of a file entry. */
  readonly path: string;
  /** "binary": the replacement keeps the file's length; the rest of the string is NUL-padded. */
  readonly kind: "text" | "binary";
  /** In ascending order, not overlapping. */
  readonly places: readonly FixupPlace[];
  /**
   * Of a binary: how many NULs stand behind a string for each place in it, beside the one that ends it,
   * because who installed the file put a shorter path into a longer one's room. Absent: none.
   */
  readonly spare?: number;
}

export interface FixupPlace {
  /** Byte offset in the original content, and byte length of the root as spelled there. */
  readonly at: number;
  readonly length: number;
  readonly spelling: Spelling;
  /** The folder of the archive that this root became, as an arcpath: "app", or "" for the archive's root. */
  readonly root: string;
}
