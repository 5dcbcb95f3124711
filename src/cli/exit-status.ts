/** What the process ends with; a command that died by a signal ends by that signal. */
export const EXIT = {
  done: 0,
  /** Refused, failed, or (verify) found different. */
  refused: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** unpack, relocate, pack of a folder: done, but for places that still name the environment's old folder. */
  incomplete: 3,
} as const;
