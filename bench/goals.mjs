/**
 * What envpack is to reach on two cores, as ratios of envpack to the other, and whether a result does.
 *
 * @typedef {object} Goals
 * @property {{ newest: number, base: number }} wall on the newest LTS and on the oldest Node that is supported
 * @property {{ newest?: number, base?: number }} [aim] what would be better still
 * @property {number} [size]
 */

export const GOALS = {
  packZstd: { wall: { newest: 0.95, base: 1.2 }, aim: { newest: 0.8, base: 1.0 }, size: 1.02 },
  packGzip: { wall: { newest: 0.8, base: 0.8 }, size: 1.03 },
  unpackZstd: { wall: { newest: 1.0, base: 1.1 }, aim: { newest: 0.7 } },
  packAgain: { wall: { newest: 0.3, base: 0.3 }, aim: { newest: 0.15 } },
  condaPack: { wall: { newest: 0.3, base: 0.3 } },
};

/** Peak bytes of envpack with two threads. */
export const MEMORY_GOAL = 300 * 2 ** 20;
export const MEMORY_GOAL_OF_A_MILLION = 600 * 2 ** 20;

/**
 * @param {Goals | undefined} goals
 * @param {"newest" | "base"} column
 * @param {{ wall: number, size: number | null }} ratios medians
 * @returns {{ text: string, met: boolean }[]} a line a goal
 */
export function judge(goals, column, { wall, size }) {
  if (goals === undefined) return [];
  const aim = goals.aim?.[column];
  const aimText = aim === undefined ? "" : `, aim ${aim}${wall <= aim ? " reached" : ""}`;
  const judged = [{ text: `wall ≤ ${goals.wall[column]}${aimText}`, met: wall <= goals.wall[column] }];
  if (goals.size !== undefined && size !== null) judged.push({ text: `size ≤ ${goals.size}`, met: size <= goals.size });
  return judged;
}
