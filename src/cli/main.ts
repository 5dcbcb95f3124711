import { CommanderError } from "commander";
import { EXIT } from "./exit-status.js";
import { canonicalWords } from "./habits.js";
import { dieBy } from "./interrupts.js";
import { buildProgram } from "./program.js";
import { reportError, writeErrorJson } from "./report-error.js";
import { Session } from "./session.js";
import { tellTiming } from "./timing.js";

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
  session.words = argv;
  session.json = asksForJson(argv);
  tellTiming(session);
  try {
    await buildProgram(session).parseAsync(canonicalWords(argv), { from: "user" });
  } catch (error) {
    session.status = statusOfAnswer(error) ?? (await fail(error, session));
  } finally {
    session.interrupts.release();
  }
  const signal = session.interrupts.received ?? session.endBy;
  return signal === null ? session.status : dieBy(signal);
}

async function fail(error: unknown, session: Session): Promise<number> {
  if (session.json) await writeErrorJson(error, session).catch(() => undefined);
  return reportError(error, session);
}

/**
 * Whether a command line asks for JSON: known before it is understood, so that what is wrong with it comes as
 * JSON too. Behind `--` begins another program's command line, and all of what `run` executes is one.
 */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv[0] !== "run" && (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** Help and version leave commander as errors; a bare `envpack` prints help too, but was not asked to. */
function statusOfAnswer(error: unknown): number | null {
  if (!(error instanceof CommanderError)) return null;
  if (error.code === "commander.help") return EXIT.usage;
  return error.exitCode === 0 ? EXIT.done : null;
}
