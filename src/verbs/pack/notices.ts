import type { Environment } from "../../environment/environment.js";
import { noticeWantedNode } from "../../environment/wanted-node.js";
import { scanRoots } from "../../plan/layout.js";
import { generalRoots } from "../../scan/roots.js";
import type { Notice } from "../../support/progress.js";
import type { FilterRule } from "../../support/filters.js";

/** What was asked for, as far as something is to be told of it. */
interface Asked {
  readonly omit?: readonly ("dev" | "npm")[];
  readonly rules?: readonly FilterRule[];
}

/** What is to be told of an environment and of what was asked for, before anything is planned. */
export function noticesOf(environment: Environment, options: Asked): Notice[] {
  const npm = omitsNpm(options) ? [] : noticeMissingNpm(environment);
  return [...noticeGeneralRoots(environment), ...noticePatternBase(options, environment), ...npm, ...noticeWantedNode(environment)];
}

export function omitsNpm({ omit }: Pick<Asked, "omit">): boolean {
  return omit?.includes("npm") === true;
}

/** The registry's own Node packages hold node alone, and so does many a slim image. */
function noticeMissingNpm({ kind, runtime, bins }: Environment): Notice[] {
  if (kind !== "project" || runtime === null || runtime.tools.has("npm") || bins.some(({ name }) => name === "npm")) return [];
  return [
    { code: "RUNTIME_WITHOUT_NPM", message: "this runtime has no npm beside it, so the archive has no bin/npm", path: runtime.binary },
  ];
}

/** Who names a member expects patterns to begin there. */
function noticePatternBase({ rules = [] }: Asked, { member, root }: Environment): Notice[] {
  if (rules.length === 0 || member === null || member === undefined) return [];
  return [
    {
      code: "PATTERN_BASE",
      message: `patterns with a / begin at the workspace's root, so the member's files are ${member.path}/…`,
      path: root,
    },
  ];
}

/** A root such as "/app" cannot be told from a web route, so files that name it are not found. */
function noticeGeneralRoots(environment: Environment): Notice[] {
  return generalRoots(scanRoots(environment)).map(({ path }) => ({
    code: "GENERAL_ROOT",
    message: "files that name this folder are not looked for: its path is too common to be told from other text",
    path,
  }));
}
