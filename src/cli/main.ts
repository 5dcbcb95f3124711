import { CommanderError } from "commander";
import { EXIT } from "./exit-status.js";
import { dieBy } from "./interrupts.js";
import { buildProgram } from "./program.js";
import { reportError } from "./report-error.js";
import { Session } from "./session.js";

/** What the tool knows of itself when it travels inside an environment. */
export interface Traveling {
  /** The environment that this tool lies in: commands that name none work on it. */
  readonly environment?: string;
}

/**
 * Runs one command line and returns the exit status; never ends the process, except by a signal that
 * asked for it, once all is cleaned up.
 *
 * @param argv the words after the program's name
 */
export async function main(argv: readonly string[], traveling: Traveling = {}): Promise<number> {
  const session = new Session(traveling.environment);
  try {
    await buildProgram(session).parseAsync(argv, { from: "user" });
  } catch (error) {
    session.status = statusOfAnswer(error) ?? reportError(error, session);
  } finally {
    session.interrupts.release();
  }
  const signal = session.interrupts.received ?? session.endBy;
  return signal === null ? session.status : dieBy(signal);
}

/** Help and version leave commander as errors; a bare `envpack` prints help too, but was not asked to. */
function statusOfAnswer(error: unknown): number | null {
  if (!(error instanceof CommanderError)) return null;
  if (error.code === "commander.help") return EXIT.usage;
  return error.exitCode === 0 ? EXIT.done : null;
}
