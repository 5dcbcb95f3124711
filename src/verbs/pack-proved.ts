import { join, resolve } from "node:path";
import { makeScratch } from "../cache/scratch.js";
import { EnvpackError } from "../support/errors.js";
import { missingOf, nextToBringBack, type Missing } from "../plan/trace/missing.js";
import type { TraceMemory } from "../plan/trace/run-nft.js";
import { pack, type PackOptions, type PackResult } from "./pack/pack.js";
import { prove, type ProveResult } from "./prove/prove.js";
import { append } from "../support/append.js";

/** Packings that are proved before it is given up; each brings back at least one thing. */
const MOST_ROUNDS = 20;

/**
 * Packs a traced environment once it was proved to run elsewhere: what the proof misses comes back by name, until it holds.
 * Until then nothing is written where the archive is to lie.
 *
 * @throws EnvpackError TRACE_UNPROVED
 */
export async function packProved(options: PackOptions): Promise<PackResult> {
  const { trace: [entry] = [], listen, signal, onProgress, threads } = options;
  if (entry === undefined)
    throw new EnvpackError("USAGE", "--prove proves a trace", {
      hint: "name the script that is started: --trace server.js; or use `envpack prove`",
    });
  if (options.platform !== undefined)
    throw new EnvpackError("USAGE", "what is packed for another platform does not run here", {
      hint: "leave --prove away, and prove it there",
    });
  const scratch = await makeScratch();
  try {
    const asked = { source: resolve(options.path ?? "."), entry, listen, save: false, signal, onProgress, threads };
    const broughtBack: Missing[] = [];
    const memory: TraceMemory = new Map();
    let before = -1;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const output = join(scratch.path, `round-${round}.tar`);
      const packed = await pack(trialOptions(options, output), { proved: true, broughtBack, memory });
      const proof = await prove({ ...asked, path: output });
      if (proof.ok) {
        assertShown(proof);
        return await pack(options, { proved: true, broughtBack, memory });
      }
      const missing = nextToBringBack(missingIn(proof), broughtBack);
      const files = packed.trace?.files.length ?? 0;
      if (missing.length === 0 || files === before) throw unproved(proof);
      before = files;
      append(broughtBack, missing);
    }
    throw new EnvpackError("TRACE_UNPROVED", `the trace does not run after ${MOST_ROUNDS} rounds of bringing back`, {
      hint: "add a recorded run: `envpack record -o FILE -- COMMAND`, then --record FILE",
    });
  } finally {
    await scratch.remove();
  }
}

/** What decides about the content, and how the work is done. */
const SAME = [
  "path",
  "prefix",
  "runtimeName",
  "node",
  "rules",
  "omit",
  "ignoreLock",
  "forcePlatform",
  "links",
  "includeSecrets",
  "slim",
  "keep",
  "trace",
  "records",
  "threads",
  "signal",
  "onProgress",
] as const satisfies readonly (keyof PackOptions)[];

/** The same content as a plain tar; what stands beside the archive is for the last packing. */
function trialOptions(options: PackOptions, output: string): PackOptions {
  const same: Partial<PackOptions> = Object.fromEntries(SAME.map((name) => [name, options[name]]));
  return { ...same, output, format: "tar", reuse: false };
}

function failed({ runs }: ProveResult): ProveResult["runs"][number]["trials"] {
  return runs.flatMap(({ trials }) => trials.filter(({ outcome }) => outcome === "failed"));
}

function missingIn(proof: ProveResult): Missing[] {
  return failed(proof)
    .map(({ reason }) => (reason === null ? null : missingOf(reason)))
    .filter((one) => one !== null);
}

/**
 * What is started to show that the trace runs has to run: that it fails at the source in the same way shows nothing.
 *
 * @throws EnvpackError TRACE_UNPROVED
 */
function assertShown({ runs }: ProveResult): void {
  const [first] = runs.flatMap(({ trials }) =>
    trials.filter(({ kind, outcome }) => (kind === "entry" || kind === "user") && outcome === "as before"),
  );
  if (first === undefined) return;
  throw new EnvpackError("TRACE_UNPROVED", `what is to prove the trace fails where it is packed too: ${first.name} ${first.detail}`, {
    hint: "mend that first (it is tried without a network), or prove it by something that works there: --listen, or envpack.prove in package.json",
  });
}

function unproved(proof: ProveResult): EnvpackError {
  const [first] = failed(proof);
  const what = first === undefined ? "the proof failed" : `${first.kind} ${first.name}: ${first.reason ?? first.detail}`;
  return new EnvpackError("TRACE_UNPROVED", `what the trace left does not run, and nothing more is known to be missing: ${what}`, {
    hint: "add a recorded run (`envpack record -o FILE -- COMMAND`, then --record FILE), or keep what is missing with --keep",
  });
}
