import { relative, resolve, sep } from "node:path";
import type { Environment } from "../environment/environment.js";
import { EnvpackError } from "../errors.js";
import { isArchiveBeside, isArchiveName } from "./archive-name.js";
import { Development } from "./development.js";
import { compileRules, type FilterRule, type LastMatch } from "./filters.js";
import { findLeftover, isGypBuild } from "./drops/build-leftovers.js";
import type { Drop } from "./drops/drop.js";
import { findCache } from "./drops/find-cache.js";
import { findPrefixCache } from "./drops/global-folders.js";
import { findVcs } from "./drops/version-control.js";
import { findPrivateKey, findSecret, mayBeKey } from "./secret-names.js";
import type { Scope } from "./scope.js";
import type { FileKind } from "../listing/listed-folder.js";

const EXCLUDED: Drop = { reason: "excluded", kind: "matched by a rule" };
const DEVELOPMENT: Drop = { reason: "development", kind: "development package" };
const WORKSPACE: Drop = { reason: "workspace", kind: "not needed by the packed member" };
const OUTPUT: Drop = { reason: "output", kind: "the archive itself" };
const OLDER_OUTPUT: Drop = { reason: "output", kind: "an older archive" };

/** What src/engine/output.ts calls a file that is being written. */
const TEMPORARY_OUTPUT = /^\.envpack-output-\d+-[0-9a-f]{8}$/;

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
}

export interface Decision extends Standing {
  /** Goes in only because --include-secret names it. */
  readonly exempt: boolean;
}

/** Something in a folder of the environment. */
export interface Candidate {
  /** Relative to the environment's folder. */
  readonly path: string;
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly type: FileKind;
  /** The target of a symlink. */
  readonly target: string | null;
  /** The content of a folder. */
  readonly names: () => readonly string[];
}

export interface SelectionOptions {
  readonly rules: readonly FilterRule[];
  readonly omitDev: boolean;
  readonly includeSecrets: readonly string[];
  /** The archive, absolute, which must not go into itself; null for a stream. */
  readonly output: string | null;
  /** Where the positions of rules that match anything are noted; absent: nobody asks. */
  readonly matched?: Set<number>;
}

export const NOTHING_DECIDED: Standing = { rule: -1, drop: null, closed: false, secretsAllowed: false, gypBuild: false };

/** Decides, entry by entry, what goes in. Holds no state but what the options say. */
export class Selection {
  /** Whether something below a left-out folder may come back, so that it has to be looked through. */
  readonly mayInclude: boolean;
  private readonly lastMatch: LastMatch;
  private readonly development: Development;
  private readonly output: string | null;
  private readonly allowed: ReadonlySet<string>;
  private readonly isPrefix: boolean;
  private readonly environmentName: string;

  constructor(
    environment: Environment,
    private readonly options: SelectionOptions,
    private readonly scope: Scope | null = null,
  ) {
    this.isPrefix = environment.kind !== "project";
    this.environmentName = environment.name;
    this.mayInclude = options.rules.some(({ action }) => action === "include");
    this.lastMatch = compileRules(options.rules, options.matched);
    this.development = new Development(options.omitDev ? environment.packages.filter(({ dev, path }) => dev && path !== "") : []);
    this.output = options.output === null ? null : placeInside(environment, options.output);
    this.allowed = new Set(options.includeSecrets.map((path) => resolveSecret(environment, path)));
  }

  decide(candidate: Candidate, parent: Standing): Decision {
    const { path, name, type } = candidate;
    const isFolder = type === "folder";
    const secretsAllowed = parent.secretsAllowed || this.allowed.has(path);
    const base = { rule: parent.rule, secretsAllowed, gypBuild: parent.gypBuild, exempt: false };
    if (parent.closed) return { ...base, drop: parent.drop, closed: true };
    if (this.isOutput(path, name)) return { ...base, drop: OUTPUT, closed: true };
    const locked = findSecret(path, name, isFolder) ?? findVcs(name);
    if (locked !== null && !secretsAllowed) return { ...base, drop: locked, closed: true };
    const own = this.lastMatch(path, name, isFolder);
    const rule = own > parent.rule ? own : parent.rule;
    const gypBuild = parent.gypBuild || (isFolder && this.isGypBuild(candidate));
    const exempt = locked !== null || secretsAllowed;
    const drop = this.findDrop(candidate, parent, rule, own === rule && own >= 0);
    if (drop === null && type === "file" && !secretsAllowed && mayBeKey(name)) {
      const key = findPrivateKey(candidate.file);
      if (key !== null) return { ...base, rule, drop: key, closed: true };
    }
    return { rule, drop, closed: false, secretsAllowed, gypBuild, exempt };
  }

  private findDrop(candidate: Candidate, parent: Standing, rule: number, isOwn: boolean): Drop | null {
    const action = this.options.rules[rule]?.action;
    if (action === "exclude") return EXCLUDED;
    // Back in because of an include that names this very entry: what is left out in it is decided anew.
    if (action === "include" && isOwn) return null;
    if (parent.drop !== null && parent.drop !== EXCLUDED) return parent.drop;
    return this.findBuiltIn(candidate, parent);
  }

  private findBuiltIn(candidate: Candidate, parent: Standing): Drop | null {
    const { path, name, type } = candidate;
    if (this.scope?.holds(candidate) === false) return WORKSPACE;
    if (type === "file" && (isArchiveName(path, this.environmentName) || isArchiveBeside(path, candidate.file))) return OLDER_OUTPUT;
    if (this.development.holds(candidate)) return DEVELOPMENT;
    if (parent.gypBuild) {
      const leftover = findLeftover(name, type === "folder");
      if (leftover !== null) return leftover;
    }
    return findCache(path, name, candidate.names) ?? (this.isPrefix ? findPrefixCache(path, candidate.names) : null);
  }

  private isGypBuild({ name, names }: Candidate): boolean {
    return name.startsWith("build") && isGypBuild(name, names());
  }

  /** The archive, and temporary files that become one: this packer's, or those of one that was killed. */
  private isOutput(path: string, name: string): boolean {
    return path === this.output || TEMPORARY_OUTPUT.test(name);
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
