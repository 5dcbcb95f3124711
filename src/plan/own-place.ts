/**
 * What in a script depends on where the script lies: a copy of its package elsewhere would find something else.
 * The text is looked at, not parsed: what is in doubt counts, since a link can be kept where a copy is refused.
 */

/** A static import, a dynamic one or a require of a path that climbs. */
const IMPORT_UP = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\(|\bresolve\s*\()\s*["'`](?:\.\/)?((?:\.\.\/)+|\.\.)/g;

/** How a script asks for its own place. */
const OWN_PLACE = /\b__dirname\b|\b__filename\b|\bimport\.meta\b/;

/** A climb, in one text or in several that are joined: `"../.."`, `"..", ".."`, `__dirname + "/.."`, `${here}/..`. */
const CLIMB = /["'`}](?:\.?\/)?\.\.(?:\/\.\.|["'`]\s*[,+]\s*["'`]\/?\.\.)*(?![.\w])/g;

/** What may follow a climb that is a step to another one: the end of its text, and no name after it. */
const ENDS_THERE = /^\/?["'`](?!\s*[,+]\s*["'`])/;

const QUOTES = new Set(['"', "'", "`"]);

/** More folders than any path has. */
const MAX_DIRNAMES = 50;

const DIRNAME = /\bdirname\s*\(\s*/g;
const NEXT_DIRNAME = /(?:\w{1,40}\.)?dirname\s*\(\s*/y;
/** What a script's own folder, and its own file, is called when `dirname` is asked of it. */
const FOLDER = /(?:import\.meta\.dirname|__dirname|here|root|base|dir)\b/iy;
const FILE = /(?:\w{1,40}\.)?(?:fileURLToPath|__filename|import\.meta|new URL)\b/y;

/**
 * How many folders a script climbs from its own: 0 where it stays. Imports count by themselves; other paths only in a
 * script that asks for its own place, and there steps that build upon one another are added up.
 */
export function climbsOf(script: string): number {
  let most = OWN_PLACE.test(script) ? climbsByPlace(script) : 0;
  for (const [, climb = ""] of script.matchAll(IMPORT_UP)) most = Math.max(most, countUps(climb));
  return most;
}

function climbsByPlace(script: string): number {
  let steps = 0;
  let highest = 0;
  for (const match of script.matchAll(CLIMB)) {
    const ups = countUps(match[0]);
    const end = match.index + match[0].length;
    if (isImport(script, match.index)) continue;
    if (ENDS_THERE.test(script.slice(end, end + 40))) steps += ups;
    else highest = Math.max(highest, ups);
  }
  for (const text of textsIn(script)) if (text.includes("/..")) highest = Math.max(highest, climbOf(text));
  return steps + highest + dirnames(script);
}

/** The texts in quotes, each within a line: by hand, since a regular expression takes hours with quotes that never close. */
function* textsIn(script: string): Generator<string> {
  for (const line of script.split("\n")) {
    const open = new Set<string>();
    for (let start = 0; start < line.length; start++) {
      const quote = line[start] as string;
      if (!QUOTES.has(quote) || open.has(quote)) continue;
      let end = start + 1;
      while (end < line.length && line[end] !== quote) end += line[end] === "\\" ? 2 : 1;
      if (end >= line.length) {
        open.add(quote);
        continue;
      }
      yield line.slice(start + 1, end);
      start = end;
    }
  }
}

/** An import is no step on the way of another path. */
function isImport(script: string, at: number): boolean {
  return /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*$/.test(script.slice(Math.max(0, at - 20), at));
}

/** The most that `dirname` is asked of itself, beginning with the script's own place: `dirname(dirname(__filename))`. */
function dirnames(script: string): number {
  let most = 0;
  for (const { index, 0: first } of script.matchAll(DIRNAME)) {
    let count = 1;
    let end = index + first.length;
    for (NEXT_DIRNAME.lastIndex = end; count < MAX_DIRNAMES && NEXT_DIRNAME.test(script); NEXT_DIRNAME.lastIndex = end) {
      end = NEXT_DIRNAME.lastIndex;
      count++;
    }
    FOLDER.lastIndex = end;
    FILE.lastIndex = end;
    if (FOLDER.test(script)) most = Math.max(most, count);
    else if (FILE.test(script)) most = Math.max(most, count - 1);
  }
  return most;
}

/** How far a path climbs above where it begins: 1 for "a/../../b". */
function climbOf(path: string): number {
  let depth = 0;
  let ups = 0;
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part.startsWith("${")) continue;
    if (part !== "..") depth++;
    else if (depth > 0) depth--;
    else ups++;
  }
  return ups;
}

function countUps(text: string): number {
  return text.split("..").length - 1;
}

/** A file of TypeScript that is named in quotes, as whoever loads one has to: Node adds no such ending. */
const TYPESCRIPT_NAMED = /\.[cm]?ts["'`?]/g;
const DECLARATIONS_NAMED = /\.d(?:\.\w+)?\.[cm]?ts["'`?]/g;

/** Whether a text names files of TypeScript that are more than declarations. */
export function namesTypescript(text: string): boolean {
  return [...text.matchAll(TYPESCRIPT_NAMED)].length > [...text.matchAll(DECLARATIONS_NAMED)].length;
}
