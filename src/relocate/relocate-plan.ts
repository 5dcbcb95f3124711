import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import type { RelocationSummary } from "../manifest/manifest.js";
import type { Plan } from "../plan/plan.js";
import { Bases } from "./bases.js";
import { links } from "./rules/links.js";
import type { Rule } from "./rules/rule.js";

/** In the order in which they are asked. */
const RULES: readonly Rule[] = [links];

/**
 * Rewrites what a plan holds so that it works from any folder, as far as that is known from what
 * things are: links now, other classes a rule each. What remains as text is found while the files
 * are read, and recorded for `unpack` and `relocate`.
 *
 * @throws EnvpackError LINK_ESCAPES naming a link out of the environment and where it leads
 */
export function relocatePlan(plan: Plan, environment: Environment): { plan: Plan; summary: RelocationSummary } {
  const bases = new Bases(environment);
  const summary = { relative: 0, broughtIn: 0, dropped: 0 };
  const entries = plan.entries.flatMap((entry): readonly PlannedEntry[] => {
    const outcome = applyRules(entry, bases);
    if (outcome === null) return [entry];
    if (outcome.action !== null) summary[outcome.action] += 1;
    return outcome.entries;
  });
  return { plan: { ...plan, entries }, summary };
}

function applyRules(entry: PlannedEntry, bases: Bases): ReturnType<Rule["apply"]> {
  for (const rule of RULES) {
    const outcome = rule.apply(entry, bases);
    if (outcome !== null) return outcome;
  }
  return null;
}
