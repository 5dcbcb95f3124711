import picomatch from "picomatch";
import { EnvpackError } from "./errors.js";

/** What the user wants left out or kept. */
export interface FilterRule {
  readonly action: "include" | "exclude";
  /** As in a .gitignore, see compileRules. */
  readonly pattern: string;
}

/** The position of the last rule that matches a path itself (not a folder above it); -1 for none. */
export type LastMatch = (path: string, name: string, isFolder: boolean) => number;

/** A name alone, or a path from the project's folder; with what `/` at the end says. */
interface CompiledRule {
  readonly matches: (text: string) => boolean;
  readonly byName: boolean;
  readonly foldersOnly: boolean;
}

/**
 * Compiles ordered rules. A pattern is matched against the path relative to the environment's folder
 * (`node_modules/x/README.md`, never `app/…`), with these meanings:
 *
 * - without a `/`, or with one at its end only, it matches a name at any depth: `*.md`, `docs/`
 * - with a `/` before its end it starts at the environment's folder: `node_modules/x/test`, `/dist`
 * - `/` at the end matches folders only
 * - `*` and `?` match within a name, also its leading dot; `**` matches any number of folders;
 *   `{a,b}` and `[a-z]` as in a shell; `\` takes a meaning away
 * - a matched folder covers all that it holds (`logs` and `logs/**` leave out the folder itself, too;
 *   `logs/*` keeps it, empty)
 *
 * The last rule that matches a path or a folder above it decides. An include after an exclude
 * brings back a file below an excluded folder. What envpack leaves out by itself (caches, leftovers
 * of builds, development packages) comes back by an include that matches the left-out folder or
 * something in it, not by one that matches a folder above: `--include node_modules` does not bring
 * back `node_modules/.cache`. Secrets never come back that way.
 *
 * @param matched where the positions of rules that match anything are noted
 */
export function compileRules(rules: readonly FilterRule[], matched: Set<number> | null = null): LastMatch {
  const compiled = rules.map(compileRule);
  return (path, name, isFolder) => {
    let last = -1;
    for (let index = compiled.length - 1; index >= 0; index--) {
      const rule = compiled[index] as CompiledRule;
      // Behind the last match only those are looked at that matched nothing yet.
      if ((rule.foldersOnly && !isFolder) || (last !== -1 && (matched?.has(index) ?? true))) continue;
      if (!rule.matches(rule.byName ? name : path)) continue;
      matched?.add(index);
      if (last === -1) last = index;
    }
    return last;
  };
}

function compileRule({ pattern }: FilterRule): CompiledRule {
  const foldersOnly = pattern.endsWith("/");
  const body = pattern.replace(/^\.\//, "").replace(/(?<!\/)\/+$/, "");
  const anchored = body.startsWith("/");
  const glob = body.replace(/^\/+/, "");
  if (glob === "" || glob.includes("\0")) {
    throw new EnvpackError("USAGE", `${JSON.stringify(pattern)} is not a pattern that can match a path`);
  }
  return { matches: picomatch(glob, { dot: true, nonegate: true }), byName: !anchored && !glob.includes("/"), foldersOnly };
}

/**
 * Tells whether one of the patterns matches a path or a folder above it; the patterns mean what they
 * mean to compileRules, with paths from the archive's root (`app/node_modules/x/**`).
 */
export function pathMatcher(patterns: readonly string[]): (arcpath: string) => boolean {
  const match = compileRules(patterns.map((pattern) => ({ action: "include", pattern })));
  return (arcpath) => {
    const parts = arcpath.split("/");
    return parts.some((name, depth) => {
      const isFolder = depth < parts.length - 1;
      return match(parts.slice(0, depth + 1).join("/"), name, isFolder) !== -1;
    });
  };
}
