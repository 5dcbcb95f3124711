import { setFlagsFromString } from "node:v8";
import type { ProgressListener } from "../support/progress.js";

/** Planned entries from which on what is left over in large steps would be more than what packing takes. */
const MANY = 150_000;

/** Whether this Node.js was built with V8's Maglev: 26 is, 20 is not. */
const HAS_QUICK_COMPILER = (process.config.variables as Readonly<Record<string, unknown>>)["v8_enable_maglev"] === 1;

/** Milliseconds of work from which on it pays to optimize code. */
const LONG = 5000;

/**
 * Has packing and unpacking take little memory and time. V8 sizes its heap for programs that run on: 64 MiB for
 * young objects, and up to four times what is alive for old ones. Packing makes a few hundred bytes an
 * entry while it plans, which stay, and little afterwards; unpacking and verifying have their index from
 * the start. Peak memory of packing 75,000 files is 280 MiB with this and 415 without, for the same CPU
 * time. V8 looks at these flags whenever it is about to grow its heap, so they may be set at any time;
 * they hold for the whole process, its threads included, which is why the command sets them and the API does not.
 *
 * @returns a listener that passes on what it hears
 */
export function keepHeapSmall(listener: ProgressListener | undefined): ProgressListener {
  setFlagsFromString("--semi-space-growth-factor=1");
  // Of threads that are started from here on: half as many collections, in what each may take in any case. And to share one
  // of so little among threads takes longer than the collection.
  setFlagsFromString("--min-semi-space-size=2");
  setFlagsFromString("--no-parallel-scavenge");
  // While planning everything stays, and small steps would only cost time.
  setFlagsFromString("--heap-growing-percent=120");
  // Marking beside the work, in threads of its own, begins again whenever some MiB of frames have passed: a tenth of all
  // processor time.
  setFlagsFromString("--no-incremental-marking");
  // A process of a few seconds does not earn back what optimizing its code takes, once a thread; but for where V8 has no quick
  // compiler before the thorough one.
  if (HAS_QUICK_COMPILER) setFlagsFromString("--no-opt");
  const began = performance.now();
  let isSmall = false;
  let isLong = false;
  return (progress) => {
    if (!isSmall && (progress.stage !== "planning" || progress.done > MANY)) {
      isSmall = true;
      setFlagsFromString("--heap-growing-percent=15");
      setFlagsFromString("--optimize-for-size");
    }
    if (!isLong && performance.now() - began > LONG) {
      isLong = true;
      setFlagsFromString("--opt");
    }
    listener?.(progress);
  };
}
