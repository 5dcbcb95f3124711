/** What the process ends with; a command that died by a signal ends by that signal. */
export const EXIT = {
  done: 0,
  /** Refused, failed, or (verify) found different. */
  refused: 1,
  /** The command line makes no sense. */
  usage: 2,
} as const;
