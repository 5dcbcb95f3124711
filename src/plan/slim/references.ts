import { withoutLastSlashes } from "./package-tree.js";

/** What a program's text names of files that rules would leave out. */
export interface References {
  /** Paths as they stand there, without what leads up or to the folder itself: "test/helper", "README.md", "pkg/docs/a.js". */
  readonly paths: readonly string[];
  /** Endings that are put behind names which the text does not hold: ".md". */
  readonly endings: readonly string[];
}

/** Ends of quoted texts, and parts of quoted paths, by which something may be meant that rules leave out. */
const MARKS = new RegExp(
  [
    String.raw`\.(?:mdx?|markdown|mkd|rst|adoc|asciidoc|map|flow|[cm]?ts|tsbuildinfo|test|spec|(?:test|spec)\.[cm]?[jt]sx?|txt)(?=["'\x60])`,
    String.raw`(?<=["'\x60/])(?:tests?|specs?|__tests__|__mocks__|e2e|docs?|documentation|man|examples?|coverage|readme|changelog|changes|history)(?=["'\x60/])`,
  ].join("|"),
  "gi",
);
/** A word alone is a path only where it is joined to one. */
const JOINED = /(?:\b(?:join|resolve|require|import|from|URL)\s*\(?|__dirname|\bdirname)[^;\n]{0,120}$/;
/** More characters than a path that somebody writes down. */
const FAR = 300;

/**
 * Looks for quoted paths in a program's text. The text is not parsed: what looks like a path counts as one, since a file
 * too many is no harm.
 */
export function findReferences(text: string): References {
  const paths = new Set<string>();
  const endings = new Set<string>();
  MARKS.lastIndex = 0;
  for (let match = MARKS.exec(text); match !== null; match = MARKS.exec(text)) {
    const literal = quotedAround(text, match.index, match.index + match[0].length);
    if (literal === null) continue;
    MARKS.lastIndex = Math.max(MARKS.lastIndex, literal.end);
    note(literal.text, () => JOINED.test(text.slice(Math.max(0, literal.start - 160), literal.start)), paths, endings);
  }
  return { paths: [...paths], endings: [...endings] };
}

function note(literal: string, isJoined: () => boolean, paths: Set<string>, endings: Set<string>): void {
  // Of what is put together or matched, each known part counts by itself.
  const parts = literal.split(/\$\{[^}$]*\}|\*+/);
  for (const [at, part] of parts.entries()) {
    const path = withoutLastSlashes(part.replace(/^file:(?:\/\/)?/, "").replace(/^(?:\.{0,2}\/)+/, ""));
    if (path === "") continue;
    if (/^\.[\w.]+$/.test(path) && (at > 0 || part === path)) endings.add(path);
    else if (/[/.]/.test(part) || isJoined()) paths.add(path);
  }
}

interface Literal {
  readonly text: string;
  /** Where its quote opens, and where it closes. */
  readonly start: number;
  readonly end: number;
}

/** The text in quotes, within a line, around a place; null where there are none. */
function quotedAround(text: string, from: number, to: number): Literal | null {
  let start = from - 1;
  while (start >= 0 && from - start < FAR && !isQuote(text[start]) && text[start] !== "\n") start--;
  if (!isQuote(text[start])) return null;
  let end = to;
  while (end < text.length && end - to < FAR && text[end] !== text[start] && text[end] !== "\n") end++;
  return text[end] === text[start] ? { text: text.slice(start + 1, end), start, end } : null;
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'" || character === "`";
}

/** Whether a file is a program's text. */
export function isScript(name: string): boolean {
  return /\.(?:[cm]?[jt]sx?)$/.test(name) && !/\.d\.[cm]?ts$/.test(name);
}
