import { join, posix } from "node:path";
import { findClosure } from "../environment/closure.js";
import type { Environment } from "../environment/environment.js";
import { below, isWithin } from "../environment/outside.js";
import type { Notice } from "../support/progress.js";
import { compileRules, type FilterRule } from "../support/filters.js";
import { Scope } from "./scope.js";

/** How many packages a notice names. */
const NAMED = 5;

/**
 * What goes in of a workspace of which one member is packed: what the member can load, and those of the packages that
 * only others declare which an include names, each with what it declares itself.
 *
 * @returns no scope where no member is meant
 */
export function scopeOfMember(
  { root, member }: Environment,
  { rules }: { readonly rules: readonly FilterRule[] },
): { readonly scope: Scope | null; readonly notices: readonly Notice[] } {
  if (!member) return { scope: null, notices: [] };
  const undeclared = [...(member.undeclared ?? [])];
  const match = compileRules(rules);
  const isIncluded = ([path]: readonly [string, string]): boolean => rules[match(path, posix.basename(path), true)]?.action === "include";
  const included = undeclared.filter(isIncluded).map(([, place]) => join(root, place));
  const added = [...findClosure(included, false).keys()].filter((folder) => isWithin(folder, root)).map((folder) => below(folder, root));
  const scope = new Scope(root, new Set([...member.closure, ...added]));
  const left = undeclared.filter(([, place]) => !added.includes(place));
  return {
    scope,
    notices: noticeUndeclared(
      member.path,
      left.map(([path]) => path),
    ),
  };
}

function noticeUndeclared(member: string, paths: readonly string[]): Notice[] {
  if (paths.length === 0) return [];
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  const named = `${[...paths].sort().slice(0, NAMED).join(", ")}${more}`;
  const message = `Node could find these from ${member}, but only other packages of the workspace declare them, so they are left out (--include PATH brings one in): ${named}`;
  return [{ code: "UNDECLARED", message }];
}
