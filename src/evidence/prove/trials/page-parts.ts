/** What a page names of its own server: a script, a style, a picture. */
export interface PagePart {
  readonly port: number;
  /** With its query; begins with a slash. */
  readonly path: string;
  /** What it was answered with; 0: nothing; null: it was not waited for. */
  readonly status: number | null;
}

/** Those that are served at the source and not here: that a page names what is not there either is its own affair. */
export function lostParts(here: readonly PagePart[], before: readonly PagePart[]): PagePart[] {
  const there = new Set(before.filter(isServed).map(nameOf));
  return notServed(here).filter((part) => there.has(nameOf(part)));
}

/** Those that were answered with an error, or not at all. */
export function notServed(parts: readonly PagePart[]): PagePart[] {
  return parts.filter((part) => part.status !== null && !isServed(part));
}

function isServed({ status }: PagePart): boolean {
  return status !== null && status > 0 && status < 400;
}

function nameOf({ port, path }: PagePart): string {
  return `${port}${path}`;
}

/** As a reason: `missingOf` reads it where a trace is proved. */
export function lostReason({ path }: PagePart): string {
  return `${path.replace(/\?.*/s, "")}, which a page names, is served at the source only`;
}

/** Behind what was asked for: " with the 8 files that it names". */
export function partsText(parts: readonly PagePart[]): string {
  if (parts.length === 0) return "";
  const lacking = notServed(parts).length;
  const all = `the ${parts.length === 1 ? "file" : `${parts.length} files`} that it names`;
  return lacking === 0 ? ` with ${all}` : ` with ${parts.length - lacking} of ${all}`;
}
