import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import type { RelocationSummary } from "../manifest/manifest.js";
import type { Plan } from "../plan/plan.js";
import { Bases } from "./bases.js";
import { denoLaunchers } from "./rules/deno-launchers.js";
import { globalShims } from "./rules/global-shims.js";
import { links } from "./rules/links.js";
import { nodeenvScripts } from "./rules/nodeenv-scripts.js";
import { npmPrefix } from "./rules/npm-prefix.js";
import { ownShebang } from "./rules/own-shebang.js";
import { plugAndPlay } from "./rules/plug-and-play.js";
import { pnpmShims } from "./rules/pnpm-shims.js";
import type { Outcome, Rule } from "./rules/rule.js";

/** In the order in which they are asked. */
const RULES: readonly Rule[] = [links, nodeenvScripts, denoLaunchers, npmPrefix, ownShebang, globalShims, pnpmShims, plugAndPlay];

/**
 * Rewrites what a plan holds so that it works from any folder, as far as that is known from what
 * things are: a rule for each class. What remains as text is found while the files
 * are read, and recorded for `unpack` and `relocate`.
 *
 * @throws EnvpackError LINK_ESCAPES naming a link out of the environment and where it leads
 */
export function relocatePlan(plan: Plan, environment: Environment): { plan: Plan; summary: RelocationSummary } {
  const bases = new Bases(environment);
  const summary = { relative: 0, broughtIn: countOutside(plan, environment), dropped: countDropped(plan) };
  const entries: PlannedEntry[] = [];
  for (const entry of plan.entries) {
    const outcome = applyRules(entry, bases, environment);
    if (outcome === null) entries.push(entry);
    else entries.push(...outcome.entries);
    if (outcome !== null && outcome.action !== null) summary[outcome.action] += 1;
  }
  return { plan: { ...plan, entries }, summary };
}

/** Packages and programs from elsewhere that go in. */
function countOutside({ entries }: Plan, { outside = [], programs = new Map() }: Environment): number {
  const paths = new Set(outside.length === 0 ? [] : entries.map(({ path }) => path));
  const packages = outside.flatMap(({ arcpath, packages: all }) => all.filter(({ path }) => paths.has(posix.join(arcpath, path))));
  return packages.length + programs.size;
}

/** Leftovers of builds and managers' notes of where they installed; not caches, which come and go. */
function countDropped({ leftOut }: Plan): number {
  return leftOut.filter(({ reason, kind }) => reason === "build" || kind === "package manager's state").length;
}

function applyRules(entry: PlannedEntry, bases: Bases, environment: Environment): Outcome | null {
  for (const rule of RULES) {
    const outcome = rule.apply(entry, bases, environment);
    if (outcome !== null) return outcome;
  }
  return null;
}
