import parse, { type SpdxNode } from "spdx-expression-parse";

/** Under which licence a package says that it is. */
export type License =
  | { readonly kind: "spdx"; readonly text: string; readonly terms: SpdxNode }
  /** It says something that is no SPDX expression, as "MIT/X11". */
  | { readonly kind: "unclear"; readonly text: string }
  | { readonly kind: "missing"; readonly text: null };

export const NO_LICENSE: License = { kind: "missing", text: null };

/** Characters of a licence's name: who writes more has put the licence itself there. */
const LONGEST = 200;

/**
 * The licence of a package.json: `license` as an expression or, as old packages have it, `{ type }`, and `licenses`
 * as a list, of which one may choose (docs.npmjs.com/cli/configuring-npm/package-json#license).
 */
export function readLicense({ license, licenses }: { readonly license?: unknown; readonly licenses?: unknown }): License {
  const names = [license, licenses]
    .flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]))
    .map(nameOf)
    .filter((name) => name !== null);
  const [first, ...others] = [...new Set(names)];
  if (first === undefined) return NO_LICENSE;
  if (others.length === 0) return parseLicense(first);
  const all = [first, ...others].map(parseLicense);
  const isClear = all.every(({ kind }) => kind === "spdx");
  return isClear
    ? parseLicense(all.map(({ text }) => (/ /.test(String(text)) ? `(${text})` : text)).join(" OR "))
    : unclear([first, ...others].join(", "));
}

/** A licence by its name or expression. */
export function parseLicense(text: string): License {
  try {
    return { kind: "spdx", text, terms: parse(text) };
  } catch {
    return unclear(text);
  }
}

function unclear(text: string): License {
  const line = text.replaceAll(/\s+/g, " ");
  return { kind: "unclear", text: line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line };
}

function nameOf(value: unknown): string | null {
  const named: unknown = typeof value === "object" && value !== null ? ((value as Fields).type ?? (value as Fields).name) : value;
  return typeof named === "string" && named.trim() !== "" ? named.trim() : null;
}

type Fields = Readonly<Record<string, unknown>>;
