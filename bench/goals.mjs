/**
 * What envpack is to reach on two cores, as ratios of envpack to the other, and whether a result does.
 *
 * @typedef {object} Goals
 * @property {{ newest: number, base: number }} wall on the newest LTS and on the oldest Node that is supported
 * @property {{ newest?: number, base?: number }} [aim] what would be better still
 * @property {{ newest: number, base: number }} [size]
 */

export const GOALS = {
  packZstd: { wall: { newest: 1.1, base: 1.5 }, aim: { newest: 0.95, base: 1.3 }, size: { newest: 1.01, base: 1.04 } },
  packGzip: { wall: { newest: 0.65, base: 0.7 }, size: { newest: 1.02, base: 1.02 } },
  unpackZstd: { wall: { newest: 0.85, base: 1.1 }, aim: { newest: 0.75 } },
  /** Against tar | zstd: the ratio to packing afresh hides that both got faster. */
  packAgain: { wall: { newest: 0.35, base: 0.5 }, aim: { newest: 0.22 } },
  condaPack: { wall: { newest: 0.35, base: 0.4 } },
  /** Container images, against envpack's own .tar.gz and against buildah with warm caches. */
  image: { wall: { newest: 1.2, base: 1.2 } },
  imageAgain: { wall: { newest: 0.3, base: 0.3 } },
  imageBuildah: { wall: { newest: 0.2, base: 0.2 } },
};

/** Peak bytes of envpack with two threads. */
export const MEMORY_GOAL = 300 * 2 ** 20;
export const MEMORY_GOAL_OF_A_MILLION = 600 * 2 ** 20;

/**
 * @param {Goals | undefined} goals
 * @param {"newest" | "former" | "base"} column there are no goals for the LTS before the newest one
 * @param {{ wall: number, size: number | null }} ratios medians
 * @returns {{ text: string, met: boolean }[]} a line a goal
 */
export function judge(goals, column, { wall, size }) {
  if (goals?.wall[column] === undefined) return [];
  const aim = goals.aim?.[column];
  const aimText = aim === undefined ? "" : `, aim ${aim}${wall <= aim ? " reached" : ""}`;
  const judged = [{ text: `wall ≤ ${goals.wall[column]}${aimText}`, met: wall <= goals.wall[column] }];
  const most = goals.size?.[column];
  if (most !== undefined && size !== null) judged.push({ text: `size ≤ ${most}`, met: size <= most });
  return judged;
}
