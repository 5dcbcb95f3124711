import { EnvpackError } from "../support/errors.js";

/** Patterns that all braces of a workspace may stand for together, and characters of one. */
const MOST_PATTERNS = 2000;
const LONGEST = 1024;
/** Stars in one part of a path, and parts that are `**`: with more of them matching takes a power of a name's length. */
const MOST_STARS = 4;

/**
 * The patterns with their braces opened: "packages/{a,b}" stands for two. What would take long to match, or
 * stands for more than a workspace has folders, is refused before anything is matched.
 *
 * @param file the package.json at fault
 * @throws EnvpackError NOT_AN_ENVIRONMENT
 */
export function expandPatterns(patterns: readonly string[], file: string): readonly string[] {
  const found: string[] = [];
  for (const pattern of patterns) {
    if (pattern.length > LONGEST) throw refuse("is longer than a path can be", pattern, file);
    for (const one of openBraces(pattern, MOST_PATTERNS - found.length)) {
      const fault = slowness(one);
      if (fault !== null) throw refuse(fault, pattern, file);
      if (found.length >= MOST_PATTERNS) throw refuse(`stands for more than ${MOST_PATTERNS} folders`, pattern, file);
      found.push(one);
    }
  }
  return found;
}

/** Opens one pair of braces after the other, the innermost of the first first; ends after `most` + 1 patterns. */
function openBraces(pattern: string, most: number): string[] {
  const open: string[] = [pattern];
  const done: string[] = [];
  for (let one = open.pop(); one !== undefined && done.length + open.length <= most; one = open.pop()) {
    const match = /(?<![\\$])\{([^{}]*)\}/.exec(one);
    const choices = match === null ? null : choicesOf(match[1] ?? "", most);
    if (match === null || choices === null) {
      // A pair that holds one thing alone means itself; further ones in the same pattern are left as they are.
      done.push(one);
      continue;
    }
    const [before, behind] = [one.slice(0, match.index), one.slice(match.index + match[0].length)];
    for (const choice of choices.reverse()) open.push(before + choice + behind);
  }
  return [...new Set([...done, ...open])];
}

/** "a,b" as its parts, "1..3" as its numbers or letters, at most one more than allowed; null where it is neither. */
function choicesOf(text: string, most: number): string[] | null {
  const range = /^(-?\d{1,15})\.\.(-?\d{1,15})$/.exec(text);
  if (range === null) return text.includes(",") ? text.split(",").slice(0, most + 1) : null;
  const [from, to] = [Number(range[1]), Number(range[2])];
  const count = Math.min(Math.abs(to - from), most) + 1;
  return Array.from({ length: count }, (_, index) => String(from + index * Math.sign(to - from)));
}

function slowness(pattern: string): string | null {
  const parts = pattern.split("/");
  if (parts.some((part) => part !== "**" && (part.match(/\*/g)?.length ?? 0) > MOST_STARS))
    return `has more than ${MOST_STARS} stars in one name`;
  if (parts.filter((part) => part === "**").length > MOST_STARS) return `has more than ${MOST_STARS} times \`**\``;
  return /[+*@?!]\([^)]*[+*@?!]\(/.test(pattern) ? "has groups inside of groups" : null;
}

function refuse(fault: string, pattern: string, path: string): EnvpackError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern;
  return new EnvpackError("NOT_AN_ENVIRONMENT", `a pattern of the workspace ${fault}: ${JSON.stringify(shown)}`, {
    path,
    hint: "name the members by plainer patterns in `workspaces`, such as `packages/*`",
  });
}
