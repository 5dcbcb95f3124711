/**
 * Names that envpack keeps for its own work, at any depth and whatever stands behind them: staging folders,
 * locks, journals, unfinished outputs, and the records that it writes after an environment was restored. No
 * archive may bring one: a later command would take it for its own.
 */
const WORK = /(?:^|\/)(?:\.envpack-|\.[^/]*\.envpack-|\.envpack\/(?:relocated\.json(?:$|\/)|relocating-|repairing-))/;

/** The word, or a character that a file system could take for one of its letters: nearly no path holds either. */
const SUSPECT = /envpack|[^ -~]/i;

/** Characters that some file systems do not look at when they compare names (HFS+). */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;

/** Whether an arcpath is, or lies below, a name of envpack's own work, also as a file system that folds names reads it. */
export function isWorkPath(path: string): boolean {
  if (!SUSPECT.test(path)) return false;
  return WORK.test(path.normalize("NFKC").replace(IGNORED, "").toLowerCase());
}
