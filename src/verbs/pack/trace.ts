import type { Environment } from "../../environment/environment.js";
import type { SlimRecord } from "../../manifest/manifest.js";
import type { Plan, SlimReport } from "../../plan/plan.js";
import { EnvpackError } from "../../support/errors.js";
import type { Missing } from "../../plan/trace/missing.js";
import type { TraceMemory } from "../../plan/trace/run-nft.js";
import { tracePlan, type TracedFile } from "../../plan/trace/trace-plan.js";

/** What of the options of `pack` it is about. */
export interface TraceOptions {
  readonly trace?: readonly string[];
  readonly records?: readonly string[];
  readonly keep?: readonly string[];
  readonly slim?: "safe";
  readonly signal?: AbortSignal;
}

/** What is known of a trace's proof while it is packed. */
export interface TraceProof {
  readonly proved: boolean;
  readonly broughtBack: readonly Missing[];
  /** What all rounds of the proof share. */
  readonly memory?: TraceMemory;
}

export const UNPROVED: TraceProof = { proved: false, broughtBack: [] };

/** What a trace left in. */
export interface TraceReport {
  /** The scripts that it was traced from, as they were named. */
  readonly entries: readonly string[];
  /** How many recorded runs were added. */
  readonly records: number;
  /** Whether it was proved to run before it was written. */
  readonly proved: boolean;
  /** What the proof missed and got back: arcpaths, names of packages, ends of paths. */
  readonly broughtBack: readonly string[];
  /** Files of packages that are in, and why; sorted by path. */
  readonly files: readonly TracedFile[];
  /** Files that were left out, and their bytes. */
  readonly left: { readonly files: number; readonly bytes: number };
}

/** @throws EnvpackError USAGE */
export function checkTrace({ trace, records, keep = [], slim }: TraceOptions, kind: "prefix" | undefined): void {
  if (keep.length > 0 && slim === undefined && trace === undefined)
    throw new EnvpackError("USAGE", "there is nothing to keep where all goes in", {
      hint: "--keep goes with --slim and --trace; --include brings back what is left out anyway",
    });
  if (trace === undefined && (records ?? []).length > 0)
    throw new EnvpackError("USAGE", "a record is added to a trace", { hint: "name the script that is started: --trace server.js" });
  if (trace === undefined) return;
  if (trace.length === 0)
    throw new EnvpackError("USAGE", "a trace begins at a script", { hint: "name the script that is started: --trace server.js" });
  if (kind === "prefix") throw new EnvpackError("USAGE", "only projects are traced: a prefix has no entry", { hint: "leave --trace away" });
}

/** The plan without what no entry leads to, where that was asked for. */
export async function applyTrace(
  plan: Plan,
  environment: Environment,
  { trace, records = [], keep, signal }: TraceOptions,
  { proved, broughtBack, memory }: TraceProof,
): Promise<{ readonly plan: Plan; readonly trace: TraceReport | null }> {
  if (trace === undefined) return { plan, trace: null };
  const traced = await tracePlan(plan, environment, { entries: trace, records, keep, broughtBack, memory, signal });
  const { files, left } = traced;
  const names = broughtBack.map(({ name }) => name);
  return { plan: traced.plan, trace: { entries: trace, records: records.length, proved, broughtBack: names, files, left } };
}

/** What the manifest says of it; undefined: all went in. */
export function slimRecord(slim: SlimReport | undefined, trace: TraceReport | null): SlimRecord | undefined {
  if (slim === undefined && trace === null) return undefined;
  const { files = 0, bytes = 0 } = slim ?? {};
  const record = { grade: slim?.grade ?? null, files: files + (trace?.left.files ?? 0), bytes: bytes + (trace?.left.bytes ?? 0) };
  if (trace === null) return record;
  const { entries, records, proved } = trace;
  return { ...record, trace: { entries, records, proved } };
}
