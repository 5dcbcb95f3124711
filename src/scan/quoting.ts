import type { Language } from "./language.js";
import { quoteAt } from "./shell-quotes.js";

/** By a file's path; the first that matches counts. What matches none goes by its first line, else is taken for a shell's. */
const BY_PATH: readonly (readonly [RegExp, Language])[] = [
  [/(?:^|\/)(?:package|composer|deno)\.jsonc?$/, "manifest"],
  [/\.(?:json|jsonc|json5|map|webmanifest|ipynb)$/, "json"],
  [/\.[cm]?[jt]sx?$/, "js"],
  [/\.ya?ml$/, "yaml"],
  [/\.(?:bat|cmd)$/i, "batch"],
  [/\.ps[dm]?1$/i, "powershell"],
  [/\.t?csh$/, "csh"],
  [/\.fish$/, "fish"],
  [/(?:^|\/)(?:GNU)?[Mm]akefile[^/]*$|\.(?:mk|mak)$/, "make"],
  [/\.(?:xml|html?|svg|plist|vue|svelte)$/i, "markup"],
  [/\.(?:ini|cfg|properties|pth|md|markdown|rst|adoc|txt|csv|log)$/i, "data"],
  [/\.(?:py|pyi|rb|pl|pm|php|lua|go|cc?|cpp|cxx|hh?|hpp|rs|java|kt|swift|css|scss|less|toml)$/i, "code"],
];
const BY_INTERPRETER: readonly (readonly [RegExp, Language])[] = [
  [/\b(?:node|deno|bun|tsx?)\b/, "js"],
  [/\b(?:python|ruby|perl|php|lua)/, "code"],
  [/\bt?csh\b/, "csh"],
  [/\bfish\b/, "fish"],
  [/\bpwsh\b/, "powershell"],
];

/** Characters of a path that no reader takes for anything else, but for those below. */
const PLAIN = /^[\p{L}\p{M}\p{N}_@+=:,./~%-]*$/u;
const NOT_PLAIN: ReadonlyMap<Language, RegExp> = new Map([
  ["batch", /[%=,^!]/],
  ["make", /[%=:~]/],
  ["powershell", /[,@]/],
  ["yaml", /,/],
  ["fish", /%/],
]);

/** What would end a string, or be replaced in it, by its language and quote. PowerShell takes typographic quotes for plain ones. */
const ENDS_STRING: ReadonlyMap<string, RegExp> = new Map([
  ['sh"', /["`$\\!]/],
  ["sh'", /'/],
  ['csh"', /["`$\\!]/],
  ["csh'", /['!]/],
  ['fish"', /["$\\]/],
  ["fish'", /['\\]/],
  ['batch"', /["%!^]/],
  ['powershell"', /["`$\u201c-\u201e]/],
  ["powershell'", /['\u2018-\u201b]/],
  ['code"', /["`$\\{}%#]/],
  ["code'", /['`$\\{}%#]/],
  ['js"', /[`$]/],
  ["js'", /[`$]/],
  ['json"', /(?!)/],
  ['yaml"', /(?!)/],
  ["yaml'", /'/],
]);

/** A reader that is handed a string as a command: then the quotes around it are gone. */
const RUNS_STRING =
  /(?:^|[\s;&|(`@])(?:eval|trap|alias|ssh|su|sudo|watch|source|bind|[a-z]{0,5}sh|cmd(?:\.exe)?|call|start|invoke-expression|iex|invoke-command)\b|\s-c\b|\s\/c\b|<<|`/i;
const CALLS_SHELL = /(?:exec|execSync|system|popen|shell|check_output|check_call|getoutput|qx|\$)\s{0,8}\(?\s{0,8}$/;
/** What stands before a string of a program: not a word, which would be that of a command in a longer string. */
const BEFORE_STRING = /(?:^|[=:(,[?+{|&!]|\b(?:return|from|import|case|default|typeof))\s{0,40}$/;
const COMMAND_KEY = /\b(?:run|script|scripts|command|commands|cmd|args|entrypoint|exec|shell|before_script|after_script|test)["']?\s{0,8}:/;

/** Characters on each side of a place that are looked at. */
const LOOK = 4096;
const OPENING = /(["'`])[\w./:+=@,~%${}\x80-\xff-]*$/;
const CLOSING = /^[\w./:+=@,~%${}\x80-\xff-]*(["'`])/;

/** Tells who reads a file, by its path and first line: the same before a place in it is rewritten and after it. */
export function languageOf(path: string, content: Buffer): Language {
  const known = BY_PATH.find(([pattern]) => pattern.test(path));
  if (known !== undefined) return known[1];
  if (content.toString("latin1", 0, 2) !== "#!") return "sh";
  // Of the first line just the interpreter's name: its folder may be one that is rewritten.
  const line = content.toString("latin1", 2, 512).split("\n", 1)[0] ?? "";
  const words = line
    .trim()
    .split(/[ \t]/)
    .map((word) => word.slice(word.lastIndexOf("/") + 1))
    .join(" ");
  return BY_INTERPRETER.find(([pattern]) => pattern.test(words))?.[1] ?? "sh";
}

/** How a path is written into a string of this language. */
export function writePath(folder: string, language: Language, quote: string): string {
  if (language === "json" || language === "manifest" || (language === "yaml" && quote === '"')) return JSON.stringify(folder).slice(1, -1);
  return language === "js" ? folder.replace(/[\\"']/g, "\\$&") : folder;
}

/** Every way in which a path may have been written, to find it again. */
export function writtenForms(folder: string, language: Language): string[] {
  return [...new Set([writePath(folder, language, '"'), folder, JSON.stringify(folder).slice(1, -1)])];
}

/**
 * Tells whether a path can stand at a place: as a word, where nothing in it means anything to the reader, or in a
 * string that holds nothing but a path and that no shell is given to run.
 *
 * @param content the file's original content; the place is [at, end)
 * @returns the quote that the place's string has ("" for none), or why the path does not fit
 */
export function fitPath(
  folder: string,
  language: Language,
  content: Buffer,
  at: number,
  end: number,
): { readonly quote: string } | { readonly reason: string } {
  if (PLAIN.test(folder) && NOT_PLAIN.get(language)?.test(folder) !== true) return { quote: "" };
  const before = lineBefore(content, at);
  // Some JSON encoders write "/" as "\/".
  const after = lineAfter(content, end).replaceAll("\\/", "/");
  if (language === "data" || language === "markup") return fitsProse(folder, language) ? { quote: "" } : misfit(folder);
  const quote = OPENING.exec(before)?.[1];
  if (quote === undefined || CLOSING.exec(after)?.[1] !== quote) return misfit(folder);
  const ends = ENDS_STRING.get(language + quote);
  if (ends === undefined || ends.test(folder)) return misfit(folder);
  return isPathString(language, quote, before, after, content, at) ? { quote } : misfit(folder);
}

function isPathString(language: Language, quote: string, before: string, after: string, content: Buffer, at: number): boolean {
  const start = before.slice(0, before.lastIndexOf(quote));
  const near = start.slice(-80);
  if (language === "js" || language === "code") return BEFORE_STRING.test(near) && !CALLS_SHELL.test(near);
  if (language === "json") return /(?:^|[[,:{])\s{0,40}$/.test(near) && !COMMAND_KEY.test(near);
  if (language === "yaml") return /(?:^|[[,:-])\s{0,40}$/.test(near) && !COMMAND_KEY.test(start);
  if (RUNS_STRING.test(start) || RUNS_STRING.test(after)) return false;
  return quoteAt(start + quote, language) === quote && quoteAt(content.toString("latin1", 0, at), language) === quote;
}

/** A settings file takes the rest of a line, prose is read by people; neither ends a string that way. */
function fitsProse(folder: string, language: Language): boolean {
  return !(language === "markup" ? /["'`$\\&<>]/ : /["'`$\\]/).test(folder);
}

/** What is told names the characters that stand in the way. */
function misfit(folder: string): { readonly reason: string } {
  if (/["'`$\\]/.test(folder)) return { reason: "cannot take a path with quotes, backslashes or $" };
  if (!PLAIN.test(folder.replace(/\s/g, "")))
    return { reason: "cannot take a path with characters such as ; & | > * ( or #, which would be run or taken apart there" };
  return {
    reason: /\s/.test(folder)
      ? "cannot take a path with spaces, which would be taken apart there"
      : "cannot take a path with characters such as , % = : or @, which mean something there",
  };
}

function lineBefore(content: Buffer, at: number): string {
  const text = content.toString("latin1", Math.max(0, at - LOOK), at);
  return text.slice(text.lastIndexOf("\n") + 1);
}

function lineAfter(content: Buffer, end: number): string {
  return content.toString("latin1", end, end + LOOK).split("\n", 1)[0] ?? "";
}
