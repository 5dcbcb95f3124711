import { join } from "node:path";
import { EnvpackError, explainError } from "../support/errors.js";
import { acquireLock } from "../support/lock.js";
import type { CommonOptions } from "../support/options.js";
import { publish } from "./publish.js";
import type { ReplaceOptions } from "./replaceable.js";
import type { LeftBehind } from "./restore-options.js";
import { makeStaging, removeStaging, removeStale, undoStale, type Staging } from "./staging.js";
import { findLittered, inspectTarget, openTarget, refuseExisting, removeMadeParents, type Target } from "./target.js";

export interface PlaceOptions extends Pick<CommonOptions, "signal" | "onProgress">, ReplaceOptions {
  /** Replaces an environment of envpack's at the target, as `assertReplaceable` has it. */
  readonly force?: boolean;
}

/** What was put at a target, and what of the work could not be removed. */
export interface Placed<Made> {
  readonly made: Made;
  readonly left: readonly LeftBehind[];
}

/**
 * Makes an environment appear in a folder, all or nothing: `fill` makes it in a private folder beside the target
 * (or inside one that exists and is empty), and only when it returns is that put in its place; until then the
 * target is as it was. On an error nothing is left behind; what one that was killed left is cleared by the next.
 *
 * @param verb what is said of a system's error, as "cannot restore"
 * @param fill fills the staging folder's tree; it calls `removeStale` once it will refuse no more
 * @throws EnvpackError TARGET_EXISTS, TARGET_BUSY, TARGET_UNSUITABLE, NO_SPACE, NO_PERMISSION, INTERRUPTED, and what `fill` throws
 */
export async function placeTree<Made>(
  given: string,
  verb: string,
  options: PlaceOptions,
  fill: (staging: Staging, target: Target) => Promise<Made>,
): Promise<Placed<Made>> {
  let target: Target | null = null;
  try {
    target = await openTarget(given, options.force ?? false, options);
    if (target.isLittered) {
      // Only then can be told what stands there: one that was killed while it moved parts into a folder leaves it empty.
      await whileLocked(target, async () => []);
      target = await openTarget(given, options.force ?? false, { ...options, settled: true });
    }
    const placed: Made[] = [];
    const left = await whileLocked(target, async (locked) => {
      const { made, left: behind } = await placeLocked(locked, options, fill);
      placed.push(made);
      return behind;
    });
    return { made: placed[0] as Made, left };
  } catch (error) {
    if (target !== null) await removeMadeParents(target);
    throw explainError(error, verb, target?.path ?? given);
  }
}

/**
 * Holds the target's lock while something is done with it; first undoes what killed unpackers began there.
 *
 * @returns what could not be removed, the lock among it: the work itself is done then
 */
async function whileLocked(target: Target, work: (target: Target) => Promise<readonly LeftBehind[]>): Promise<readonly LeftBehind[]> {
  const path = join(target.workplace, `${target.prefix}lock`);
  const lock = await acquireLock(path, "another unpacker is at work on this folder", target.path);
  let left: readonly LeftBehind[];
  try {
    await undoStale(target);
    left = await work(target);
  } catch (error) {
    // What stopped the work says more than what stops the clean-up.
    await lock.release().catch(() => undefined);
    throw error;
  }
  return [...left, ...(await tidy(path, () => lock.release()))];
}

/** Removes what killed unpackers left at a target that is complete; where that cannot be done now, who comes next does it. */
export async function clearLitter(given: string): Promise<void> {
  try {
    for (const target of await findLittered(given)) {
      await whileLocked(target, async () => {
        await removeStale(target);
        return [];
      });
    }
  } catch (error) {
    if (!(explainError(error, "", given) instanceof EnvpackError)) throw error;
  }
}

/** Does what comes after the work: a failure is no failure of the work, and is told with what it left. */
async function tidy(path: string, remove: () => Promise<void>): Promise<readonly LeftBehind[]> {
  try {
    await remove();
    return [];
  } catch (error) {
    const explained = explainError(error, "cannot remove", path);
    return [{ path, reason: explained instanceof Error ? explained.message : String(explained) }];
  }
}

async function placeLocked<Made>(
  target: Target,
  options: PlaceOptions,
  fill: (staging: Staging, target: Target) => Promise<Made>,
): Promise<Placed<Made>> {
  const state = await inspectTarget(target.path);
  const free = state === "absent" || (state === "empty" && target.way === "inside") || (options.force === true && target.way === "beside");
  if (!free) throw await refuseExisting(target.path);
  const staging = await makeStaging(target);
  let made: Made;
  try {
    made = await fill(staging, target);
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    options.onProgress?.({ stage: "publishing", done: 0, total: 1 });
    await publish(staging, target, options.force ?? false, options);
    options.onProgress?.({ stage: "publishing", done: 1, total: 1 });
  } catch (error) {
    await removeStaging(staging.folder).catch(() => undefined);
    throw error;
  }
  return { made, left: await tidy(staging.folder, () => removeStaging(staging.folder)) };
}
