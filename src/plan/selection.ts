import type { Candidate } from "./candidate.js";
import { posix, relative, resolve, sep } from "node:path";
import type { Environment } from "../environment/environment.js";
import { META } from "../archive/entry.js";
import { isWorkPath } from "../archive/work-names.js";
import { EnvpackError } from "../support/errors.js";
import { isArchiveBeside, isArchiveName, isEnvironmentBeside, isLayoutBeside } from "./archive-name.js";
import { Development } from "./development.js";
import { compileRules, type FilterRule, type LastMatch } from "../support/filters.js";
import { findLeftover, isGypBuild } from "./drops/build-leftovers.js";
import type { Drop } from "./drops/drop.js";
import { CacheFinder } from "./drops/find-cache.js";
import { findPrefixCache } from "./drops/global-folders.js";
import { findVcs } from "./drops/version-control.js";
import { findSecret, isInstalled } from "./secret-names.js";
import { BESIDE, BEYOND, WORKSPACE, type Scope } from "./scope.js";

const EXCLUDED: Drop = { reason: "excluded", kind: "matched by a rule" };
const DEVELOPMENT: Drop = { reason: "development", kind: "development package" };
const FOREIGN: Drop = { reason: "platform", kind: "for another platform" };
const OUTPUT: Drop = { reason: "output", kind: "the archive itself" };
const OLDER_OUTPUT: Drop = { reason: "output", kind: "an older archive" };
const RECORDS: Drop = { reason: "output", kind: "records of the archive that it was restored from" };
const OLDER_FOLDER: Drop = { reason: "output", kind: "this environment, packed before" };

/** Staging folders, locks, unfinished outputs, records of relocations: no reader takes an archive that holds one. */
const WORK: Drop = { reason: "output", kind: "envpack's own work" };

/** What was decided about a folder, which the decisions about its content build upon. */
export interface Standing {
  /** The last rule that matched the folder or one above it; -1 for none. */
  readonly rule: number;
  /** Why the folder is left out by itself, unless something in it is included; null: it is not. */
  readonly drop: Drop | null;
  /** Nothing in it can come back: a secret, version control, the output. */
  readonly closed: boolean;
  /** The folder, or one above it, was named by --include-secret. */
  readonly secretsAllowed: boolean;
  /** The folder, or one above it, is where node-gyp built. */
  readonly gypBuild: boolean;
  /** The scope decides about what is in it; it does not where an include brought back what the scope left out. */
  readonly scoped: boolean;
}

export interface Decision extends Standing {
  /** Goes in only because --include-secret names it. */
  readonly exempt: boolean;
}

export interface SelectionOptions {
  readonly rules: readonly FilterRule[];
  readonly omitDev: boolean;
  readonly includeSecrets: readonly string[];
  /** The archive, absolute, which must not go into itself; null for a stream. */
  readonly output: string | null;
  /** What packages bring for other platforms than the one that is packed for, relative to the root; absent: nothing is looked at. */
  readonly foreign?: ReadonlySet<string>;
  /** Where the positions of rules that match anything are noted; absent: nobody asks. */
  readonly matched?: Set<number>;
}

export const NOTHING_DECIDED: Standing = { rule: -1, drop: null, closed: false, secretsAllowed: false, gypBuild: false, scoped: true };

/** Decides, entry by entry, what goes in. Holds no state but what the options say. */
export class Selection {
  readonly #options: SelectionOptions;
  readonly #scope: Scope | null;
  /** Whether something below a left-out folder may come back, so that it has to be looked through. */
  readonly mayInclude: boolean;
  readonly #lastMatch: LastMatch;
  readonly #development: Development;
  readonly #foreign: Development;
  readonly #caches: CacheFinder;
  readonly #output: string | null;
  readonly #allowed: ReadonlySet<string>;
  readonly #isPrefix: boolean;
  readonly #environmentName: string;

  constructor(environment: Environment, options: SelectionOptions, scope: Scope | null = null) {
    this.#options = options;
    this.#scope = scope;
    this.#isPrefix = environment.kind !== "project";
    this.#environmentName = environment.name;
    this.mayInclude = options.rules.some(({ action }) => action === "include");
    this.#caches = new CacheFinder(environment);
    this.#lastMatch = compileRules(options.rules, options.matched);
    this.#development = new Development(options.omitDev ? environment.packages.filter(({ dev, path }) => dev && path !== "") : []);
    this.#foreign = new Development([...(options.foreign ?? [])].map((foreign) => ({ path: foreign })));
    this.#output = options.output === null ? null : placeInside(environment, options.output);
    this.#allowed = new Set(options.includeSecrets.map((path) => resolveSecret(environment, path)));
  }

  /**
   * Whether files of an ordinary name (`isOrdinaryName`) that lie in this folder go in without being decided about one by
   * one: nothing was asked for that could know them, and the folder belongs to an installed package.
   *
   * @param path of the folder
   */
  keepsOrdinary(path: string, standing: Standing): boolean {
    const { rules, omitDev } = this.#options;
    const isAsked = rules.length > 0 || omitDev || this.#scope !== null || this.#allowed.size > 0;
    const isPlain = standing.drop === null && !standing.closed && standing.rule === -1 && !standing.gypBuild && !standing.secretsAllowed;
    return !isAsked && isPlain && isInstalled(`${path}/`) && (this.#output === null || posix.dirname(this.#output) !== path);
  }

  decide(candidate: Candidate, parent: Standing): Decision {
    const { path, name, type } = candidate;
    const isFolder = type === "folder";
    const secretsAllowed = parent.secretsAllowed || this.#allowed.has(path);
    const base = { rule: parent.rule, secretsAllowed, gypBuild: parent.gypBuild, scoped: parent.scoped, exempt: false };
    if (parent.closed) return { ...base, drop: parent.drop, closed: true };
    const outOfScope = this.#findOutOfScope(candidate, parent);
    if (outOfScope === BEYOND) return { ...base, drop: BEYOND, closed: true };
    if (path === this.#output) return { ...base, drop: OUTPUT, closed: true };
    if (isWorkPath(path)) return { ...base, drop: WORK, closed: true };
    const locked = findSecret(path, name, isFolder) ?? findVcs(name);
    if (locked !== null && !secretsAllowed) return { ...base, drop: locked, closed: true };
    const own = this.#lastMatch(path, name, isFolder);
    const rule = own > parent.rule ? own : parent.rule;
    const gypBuild = parent.gypBuild || (isFolder && this.#isGypBuild(candidate));
    const exempt = locked !== null || secretsAllowed;
    const isOwn = own === rule && own >= 0;
    const drop = this.#findDrop(candidate, parent, rule, isOwn, outOfScope);
    const scoped = parent.scoped && !(drop === null && isOwn && outOfScope !== null);
    return { rule, drop, closed: false, secretsAllowed, gypBuild, scoped, exempt };
  }

  /** What the scope leaves out, by itself or with a folder above. */
  #findOutOfScope(candidate: Candidate, parent: Standing): Drop | null {
    if (this.#scope === null || !parent.scoped) return null;
    if (parent.drop === WORKSPACE || parent.drop === BESIDE) return parent.drop;
    return parent.drop === null || parent.drop === EXCLUDED ? this.#scope.findDrop(candidate) : null;
  }

  #findDrop(candidate: Candidate, parent: Standing, rule: number, isOwn: boolean, outOfScope: Drop | null): Drop | null {
    const action = this.#options.rules[rule]?.action;
    if (action === "exclude") return EXCLUDED;
    // Back in because of an include that names this very entry: what is left out in it is decided anew.
    if (action === "include" && isOwn) return null;
    if (parent.drop !== null && parent.drop !== EXCLUDED) return parent.drop;
    return outOfScope ?? this.#findBuiltIn(candidate, parent);
  }

  #findBuiltIn(candidate: Candidate, parent: Standing): Drop | null {
    const { path, name, type } = candidate;
    if (type === "file" && (isArchiveName(path, this.#environmentName) || isArchiveBeside(path, candidate.file))) return OLDER_OUTPUT;
    if (type === "folder" && isEnvironmentBeside(path, candidate.file, this.#environmentName)) return OLDER_FOLDER;
    if (type === "folder" && isLayoutBeside(path, candidate.file)) return OLDER_OUTPUT;
    if (type === "folder" && this.#isPrefix && path === META.folder) return RECORDS;
    if (this.#development.holds(candidate)) return DEVELOPMENT;
    if (this.#foreign.holds(candidate)) return FOREIGN;
    if (parent.gypBuild) {
      const leftover = findLeftover(name, type === "folder");
      if (leftover !== null) return leftover;
    }
    return this.#caches.find(candidate) ?? (this.#isPrefix ? findPrefixCache(path, candidate.names) : null);
  }

  #isGypBuild({ name, names }: Candidate): boolean {
    return name.startsWith("build") && isGypBuild(name, names());
  }
}

/** A path below the environment's folder, relative to it; null where it lies elsewhere. */
function placeInside(environment: Environment, file: string): string | null {
  for (const root of [environment.namedRoot, environment.root]) {
    const path = relative(root, file);
    if (path !== "" && path !== ".." && !path.startsWith(`..${sep}`)) return path.split(sep).join("/");
  }
  return null;
}

function resolveSecret(environment: Environment, path: string): string {
  const inside = placeInside(environment, resolve(environment.root, path));
  if (inside !== null) return inside;
  throw new EnvpackError("USAGE", "a secret to include must lie in the environment", { path });
}
