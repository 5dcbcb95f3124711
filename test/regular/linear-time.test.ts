import { describe, expect, test } from "vitest";
import { expressionsOfSources, type Expression } from "./expressions.js";

/** Characters of a first text, and milliseconds that a linear search of it does not take: what takes longer is looked at closely. */
const FIRST = { size: 800, time: 0.06 };

/** Characters with which an exponential search takes a second, and milliseconds that no other one takes for them. */
const FEW = 24;
const LONG = 100;

/** Characters of a longer text; then one of twice the length. */
const SIZE = 12_000;

/** Milliseconds below which a clock tells nothing. */
const SHORT = 3;

/** Twice the text may take twice the time; what takes its square takes four times as much. Between them is measured again. */
const RATIO = { linear: 2.4, middle: 3, square: 3.6 };

/** How often: each time the least counts, so that what this machine does besides tells less and less. */
const ROUNDS = 8;

/** What is repeated to make a text: what names, paths, addresses, numbers, quotes and escapes are made of. */
const PIECES = [
  "a",
  "A",
  "0",
  "_",
  ".",
  "-",
  "+",
  "/",
  " ",
  "\t",
  "\n",
  "\r\n",
  ":",
  "@",
  "%",
  "\\",
  '"',
  "'",
  "=",
  "#",
  "$",
  "{",
  "(",
  "[",
  "<",
  "é",
  "\0",
  ",",
];
const WORDS = [
  "a+",
  "a.",
  "a-",
  "a/",
  "a ",
  "a:",
  "0.",
  "a@",
  "://",
  "://a",
  "a://",
  "//",
  "\\/",
  "\\n",
  "%2F",
  "?a",
  "&a",
  "a=",
  "${",
  "$(",
  "node_modules/",
  " \t",
  "\n ",
  ".js",
  "/a",
  "/.",
  "a\n",
  " a",
  "-a",
  '"a',
  "a'",
];
/** What stands before and behind: what lets an expression begin, and what keeps it from ending well. */
const STARTS = ["#!", "://", '"', "v", "file:", "-----BEGIN ", "npm_", "a:", "/"];
const ENDS = ["", "\0", "!", "\u{1f600}", "\n"];

/** Pieces of the expression's own literals: what it looks for is what leads it on. */
function ownPieces({ source }: Expression): string[] {
  const plain = source
    .replace(/\\([/.+*?()[\]{}|^$-])/g, "$1")
    .replace(/\\[nrt]/g, " ")
    .replace(/\\./g, "a");
  const words = plain.match(/[A-Za-z0-9_/:.@-]{1,24}/g) ?? [];
  return [...new Set(words)].slice(0, 24);
}

function timeOf(expression: RegExp, text: string): number {
  const began = performance.now();
  if (expression.global) text.replace(expression, "");
  else expression.exec(text);
  return performance.now() - began;
}

function make(start: string, piece: string, end: string, size: number): string {
  return start + piece.repeat(Math.ceil(size / piece.length)) + end;
}

/** The least of three, since this machine does other things as well. */
function leastTime(expression: RegExp, text: string): number {
  return Math.min(...[1, 2, 3].map(() => timeOf(expression, text)));
}

function isSlow(expression: RegExp, start: string, piece: string, end: string): boolean {
  // What doubles with each character would not come to an end on a longer text.
  if (timeOf(expression, make(start, piece, end, FEW)) > LONG) return true;
  if (timeOf(expression, make(start, piece, end, FIRST.size)) < FIRST.time) return false;
  let [once, twice] = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    once = Math.min(once, leastTime(expression, make(start, piece, end, SIZE)));
    if (once < SHORT) return false;
    twice = Math.min(twice, leastTime(expression, make(start, piece, end, 2 * SIZE)));
    if (twice < RATIO.linear * once || twice > RATIO.square * once) break;
  }
  return twice > RATIO.middle * once;
}

/** A start, a piece and an end of which a text is made that takes more than its length tells; null where there is none. */
export function findSlowText(expression: Expression): string | null {
  const compiled = new RegExp(expression.source, expression.flags);
  const own = ownPieces(expression);
  for (const piece of [...PIECES, ...WORDS, ...own]) {
    for (const start of ["", ...STARTS, ...own.slice(0, 3)]) {
      for (const end of start === "" ? ENDS : ["!"]) {
        if (isSlow(compiled, start, piece, end)) return JSON.stringify([start, piece, end]);
      }
    }
  }
  return null;
}

test("the search for slow texts finds the kinds of expressions that are slow", () => {
  for (const source of ["\\b[a-z][a-z0-9+]*:\\/\\/x", "\\/+$", "^(a+)*:$", "\\s+$", "[^\\s]*@"])
    expect(findSlowText({ place: "", source, flags: "" }), source).not.toBeNull();
  expect(findSlowText({ place: "", source: "^[a-z]+$", flags: "" })).toBeNull();
});

describe("56: every regular expression takes time in proportion to the text", () => {
  // Without a quantifier that has no end there is nothing to be slow with.
  const candidates = expressionsOfSources().filter(({ source }) => /[*+]|,\}/.test(source.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "")));

  test.each(candidates.map((expression) => [expression.place, expression] as const))("%s", (_place, expression) => {
    expect(findSlowText(expression)).toBeNull();
  });
});
