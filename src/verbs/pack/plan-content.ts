import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { EarlyDigests } from "../../engine/write/early-digests.js";
import type { Environment } from "../../environment/environment.js";
import type { Listing } from "../../listing/listing.js";
import { planArchive } from "../../plan/plan-archive.js";
import type { Plan } from "../../plan/plan.js";
import type { FilterRule } from "../../support/filters.js";
import { omitsNpm } from "./notices.js";
import { foreignOf, type CrossInstalled } from "./platform/for-platform.js";
import type { CommonOptions } from "../../support/options.js";
import { applyTrace, type TraceOptions, type TraceProof, type TraceReport } from "./trace.js";

/** What of the options of `pack` decides about it. */
interface ContentOptions extends CommonOptions, TraceOptions {
  readonly rules?: readonly FilterRule[];
  readonly omit?: readonly ("dev" | "npm")[];
  readonly includeSecrets?: readonly string[];
  readonly forcePlatform?: boolean;
}

interface Circumstances {
  /** The archive, absolute; null for a stream. */
  readonly output: string | null;
  readonly listing: Listing | null;
  readonly cross: CrossInstalled | null;
  readonly proof: TraceProof;
  /** Told of large files as soon as they are known to go in. */
  readonly digests?: EarlyDigests;
}

/** What goes in: the plan, without what a trace leaves out. */
export async function planContent(
  environment: Environment,
  options: ContentOptions,
  { output, listing, cross, proof, digests }: Circumstances,
): Promise<{ readonly plan: Plan; readonly trace: TraceReport | null }> {
  const { signal, onProgress } = options;
  const plan = await planArchive(environment, {
    rules: [...npmRules(options, environment), ...(options.rules ?? [])],
    omitDev: options.omit?.includes("dev") ?? false,
    includeSecrets: options.includeSecrets ?? [],
    forcePlatform: options.forcePlatform,
    output,
    listing,
    foreign: foreignOf(cross, environment),
    matched: cross?.matched,
    ...{ slim: options.slim, keep: options.keep },
    onLarge: (file) => digests?.add(file),
    signal,
    onProgress,
  });
  return applyTrace(plan, environment, options, proof);
}

/** A prefix has an npm of its own in its tree. */
function npmRules(options: ContentOptions, { kind, root }: Environment): FilterRule[] {
  if (!omitsNpm(options) || kind === "project") return [];
  const paths = ["lib/node_modules/npm", "bin/npm", "bin/npx"].filter(
    (path) => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined,
  );
  return paths.map((path) => ({ action: "exclude", pattern: `/${path}` }));
}
