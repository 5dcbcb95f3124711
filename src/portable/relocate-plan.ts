import { posix } from "node:path";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import type { Fixup } from "../manifest/fixup.js";
import type { RelocationSummary } from "../manifest/manifest.js";
import { scanRoots } from "../plan/layout.js";
import type { Plan } from "../plan/plan.js";
import type { Notice } from "../support/progress.js";
import type { FileHits } from "../scan/scan.js";
import { Bases } from "./bases.js";
import { fixupsOf } from "./conda-fixups.js";
import { writeDestPrefix } from "./dest-prefix.js";
import { denoLaunchers } from "./rules/deno-launchers.js";
import { globalShims } from "./rules/global-shims.js";
import { links } from "./rules/links.js";
import { nativeSearchPaths } from "./rules/native-search-paths.js";
import { nodeenvScripts } from "./rules/nodeenv-scripts.js";
import { npmPrefix } from "./rules/npm-prefix.js";
import { ownShebang } from "./rules/own-shebang.js";
import { plugAndPlay } from "./rules/plug-and-play.js";
import { pnpmShims } from "./rules/pnpm-shims.js";
import type { Outcome, Rule } from "./rules/rule.js";
import { append } from "../support/append.js";

/** In the order in which they are asked. */
const RULES: readonly Rule[] = [
  links,
  nodeenvScripts,
  denoLaunchers,
  npmPrefix,
  ownShebang,
  globalShims,
  pnpmShims,
  plugAndPlay,
  nativeSearchPaths,
];

/** A plan's entries, fit to lie in any folder. */
export interface Relocated {
  readonly entries: readonly PlannedEntry[];
  readonly summary: RelocationSummary;
  readonly notices: readonly Notice[];
}

/** Where the archive is meant to be restored: absolute; absent: anywhere. */
export interface Destination {
  readonly destPrefix?: string;
  readonly signal?: AbortSignal;
}

/**
 * Rewrites what a plan holds so that it works from any folder, as far as that is known from what
 * things are: a rule for each class. What remains as text is found while the files
 * are read, and recorded for `unpack` and `relocate`; where a destination is named, its path is written now.
 *
 * @throws EnvpackError LINK_ESCAPES naming a link out of the environment and where it leads; USAGE of a destination
 */
export async function relocatePlan(plan: Plan, environment: Environment, { destPrefix, signal }: Destination = {}): Promise<Relocated> {
  const relative = applyRules(plan, environment);
  if (destPrefix === undefined) return relative;
  const toFixups = (hits: readonly FileHits[]): readonly Fixup[] => fixupsOf(hits, environment.conda);
  const placed = await writeDestPrefix(relative.entries, { prefix: destPrefix, roots: scanRoots(environment), toFixups, signal });
  return { ...relative, entries: placed.entries, notices: [...relative.notices, ...placed.notices] };
}

/** The rules alone, for any destination. */
export function applyRules(plan: Plan, environment: Environment): Relocated {
  const bases = new Bases(environment);
  const summary = { relative: 0, broughtIn: countOutside(plan, environment), dropped: countDropped(plan) };
  const entries: PlannedEntry[] = [];
  const notices: Notice[] = [];
  // By index: code that is not optimized yet makes an object a step of an iterator, of which there are ten an entry.
  for (let index = 0; index < plan.entries.length; index++) {
    const entry = plan.entries[index] as PlannedEntry;
    const outcome = applyFirst(entry, bases, environment);
    if (outcome === null) {
      entries.push(entry);
      continue;
    }
    append(entries, outcome.entries);
    if (outcome.action !== null) summary[outcome.action] += 1;
    append(notices, outcome.notices ?? []);
  }
  return { entries, summary, notices };
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

function applyFirst(entry: PlannedEntry, bases: Bases, environment: Environment): Outcome | null {
  for (let index = 0; index < RULES.length; index++) {
    const outcome = (RULES[index] as Rule).apply(entry, bases, environment);
    if (outcome !== null) return outcome;
  }
  return null;
}
