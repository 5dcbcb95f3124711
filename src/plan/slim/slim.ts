import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { targetOf } from "../../environment/target.js";
import { compileRules, pathMatcher, type FilterRule } from "../../support/filters.js";
import type { Notice } from "../../support/progress.js";
import { ENVIRONMENT_FOLDER } from "../layout.js";
import type { LeftOut, SlimmedBy, SlimReport } from "../plan.js";
import type { WalkResult } from "../walk-result.js";
import { keepUsed } from "./keep-used.js";
import { SAFE } from "./rules/rules.js";
import { levelsOf } from "./package-tree.js";
import { sortUnits, type Unit } from "./units.js";

export interface SlimOptions {
  readonly slim?: "safe";
  readonly keep?: readonly string[];
  readonly rules: readonly FilterRule[];
  readonly signal?: AbortSignal;
}

export interface Slimmed {
  readonly results: readonly WalkResult[];
  readonly report: SlimReport | undefined;
  readonly notices: readonly Notice[];
}

/**
 * Leaves out of installed packages what no program loads, by the rules in rules/. The project's own files all stay, and so
 * does what something names: see keep-used.ts.
 */
export async function slimResults(results: readonly WalkResult[], environment: Environment, options: SlimOptions): Promise<Slimmed> {
  if (options.slim === undefined) return { results, report: undefined, notices: [] };
  const base = ENVIRONMENT_FOLDER[environment.kind];
  const all = results.flatMap(({ entries }) => entries);
  const natives = new Map(environment.natives.map((native) => [posix.join(base, native.file), native]));
  const sorted = sortUnits(all, { rules: SAFE, natives, target: targetOf(environment) });
  const units = [...sorted.units.values()].flat();
  const packages = environment.packages.map(({ path }) => posix.join(base, path));
  keepWanted(units, { ...options, base, packages });
  const wanted = units.filter(({ kept }) => kept !== null).flatMap(({ files }) => files);
  await keepUsed({ ...sorted, others: [...sorted.others, ...wanted] }, all, options.signal);
  const dropped = units.filter(({ kept }) => kept === null);
  return {
    results: withoutUnits(results, dropped),
    report: { grade: "safe", ...describe(dropped), spared: spared(units) },
    notices: (environment.pnp ?? null) === null ? [] : [SLIM_ZIPS],
  };
}

const SLIM_ZIPS: Notice = {
  code: "SLIM_ZIPS",
  message: "Yarn's Plug'n'Play keeps packages in zips, which stay whole: --slim does nothing for them",
};

interface Wanted extends SlimOptions {
  readonly base: string;
  readonly packages: readonly string[];
}

/** What the user keeps, by --keep or by an --include that matches it, and folders in which installed packages lie. */
function keepWanted(units: readonly Unit[], { keep = [], rules, base, packages }: Wanted): void {
  const isKept = pathMatcher(keep);
  const lastMatch = compileRules(rules);
  const ownPath = (path: string): string => (base !== "" && path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path);
  for (const unit of units) {
    const whole = ownPath(`${unit.root}/${unit.inside}`);
    const paths = unit.files.map(({ path }) => ownPath(path));
    if (keep.length > 0 && paths.some(isKept)) Object.assign(unit, { kept: "--keep names it" });
    else if (rules.length > 0 && paths.some((path) => isIncluded(path, whole, lastMatch, rules)))
      Object.assign(unit, { kept: "--include names it" });
    else if (unit.isFolder && packages.some((path) => path.startsWith(`${unit.root}/${unit.inside}/`)))
      Object.assign(unit, { kept: "an installed package lies in it" });
  }
}

/** Whether the last rule that matches a file, or a folder between it and what is left out, is an include. */
function isIncluded(path: string, whole: string, lastMatch: ReturnType<typeof compileRules>, rules: readonly FilterRule[]): boolean {
  let last = -1;
  for (let at = path; at.length >= whole.length; at = posix.dirname(at))
    last = Math.max(last, lastMatch(at, posix.basename(at), at !== path));
  return rules[last]?.action === "include";
}

/** The results without the files, and without folders of packages that hold nothing any more. */
function withoutUnits(results: readonly WalkResult[], dropped: readonly Unit[]): readonly WalkResult[] {
  const gone = new Map(dropped.flatMap((unit) => unit.files.map(({ path }) => [path, unit] as const)));
  return results.map((result) => {
    const entries = result.entries.filter(({ path }) => !gone.has(path));
    if (entries.length === result.entries.length) return result;
    const mine = new Set(result.entries.filter(({ path }) => gone.has(path)).map(({ path }) => gone.get(path) as Unit));
    return {
      ...result,
      special: undefined,
      entries: withoutEmptied(entries, mine),
      leftOut: [...result.leftOut, ...[...mine].map(leftOutOf)],
    };
  });
}

function withoutEmptied(entries: readonly PlannedEntry[], dropped: ReadonlySet<Unit>): readonly PlannedEntry[] {
  const emptied = new Set([...dropped].flatMap(({ files }) => files.flatMap(({ path }) => foldersBelowPackage(path))));
  for (const { path, type } of entries) {
    if (type === "directory") continue;
    for (let folder = posix.dirname(path); folder !== "." && emptied.size > 0; folder = posix.dirname(folder)) emptied.delete(folder);
  }
  return entries.filter(({ path, type }) => type !== "directory" || !emptied.has(path));
}

/** The folders above a file within the outermost package. */
function foldersBelowPackage(path: string): string[] {
  const root = levelsOf(path)[0]?.root ?? "";
  const folders: string[] = [];
  for (let folder = posix.dirname(path); folder.length > root.length; folder = posix.dirname(folder)) folders.push(folder);
  return folders;
}

function leftOutOf({ rule, root, inside, files }: Unit): LeftOut {
  return { path: `${root}/${inside}`, reason: "slim", kind: rule.name, files: files.length, bytes: bytesOf(files) };
}

function describe(dropped: readonly Unit[]): Pick<SlimReport, "rules" | "files" | "bytes"> {
  const rules = SAFE.map(({ name, why }): SlimmedBy => {
    const files = dropped.filter(({ rule }) => rule.name === name).flatMap((unit) => unit.files);
    return { rule: name, why, files: files.length, bytes: bytesOf(files) };
  }).filter(({ files }) => files > 0);
  return {
    rules,
    files: rules.reduce((sum, { files }) => sum + files, 0),
    bytes: rules.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function spared(units: readonly Unit[]): SlimReport["spared"] {
  return units
    .flatMap(({ kept, root, inside }) => (kept === null ? [] : [{ path: `${root}/${inside}`, why: kept }]))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function bytesOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
