import { measure } from "./measure.mjs";

/** Seconds of a pair after which fewer rounds do: where one takes many times the other, no spread hides it. */
const LONG_PAIR = 60;
const ROUNDS_OF_LONG = 3;

/**
 * Two runs that are compared, one straight after the other.
 *
 * @typedef {object} Pair
 * @property {string} id what --only chooses by
 * @property {string} title
 * @property {import("./measure.mjs").Run} ours
 * @property {import("./measure.mjs").Run} theirs
 * @property {string} [output] the folder that both unpack in, by default OUTPUT
 * @property {"tar.zst" | "tar.gz"} [unpacks] the archives that have to be there
 * @property {import("./goals.mjs").Goals} [goals]
 * @property {(round: number) => void} [beforeRound]
 * @property {() => void} [afterRound]
 * @property {() => void} [afterAll]
 */

/**
 * @typedef {object} Round
 * @property {import("./measure.mjs").Taken} ours
 * @property {import("./measure.mjs").Taken} theirs
 */

/**
 * Runs a pair several times, changing who goes first: what one leaves in caches and on the disk is the
 * other's advantage as often as its own.
 *
 * @param {Pair} pair
 * @param {number} rounds
 * @returns {Round[]}
 */
export function runPair(pair, rounds) {
  const taken = [];
  try {
    for (let round = 0; round < rounds; round++) {
      if (round >= ROUNDS_OF_LONG && taken[0].ours.wall + taken[0].theirs.wall > LONG_PAIR) break;
      pair.beforeRound?.(round);
      taken.push(runOnce(pair, round % 2 === 0));
      pair.afterRound?.();
      console.log(`   round ${round + 1}: ${(taken[round].ours.wall / taken[round].theirs.wall).toFixed(2)}`);
    }
  } finally {
    pair.afterAll?.();
  }
  return taken;
}

function runOnce(pair, oursFirst) {
  if (oursFirst) {
    const ours = measure(pair.ours, pair.output);
    return { ours, theirs: measure(pair.theirs, pair.output) };
  }
  const theirs = measure(pair.theirs, pair.output);
  return { ours: measure(pair.ours, pair.output), theirs };
}
