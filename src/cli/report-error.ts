import { homedir } from "node:os";
import { CommanderError } from "commander";
import { EnvpackError, explainError } from "../errors.js";
import { escapeText } from "./escape.js";
import { EXIT } from "./exit-status.js";
import type { Session } from "./session.js";

/** An error as the user sees it. */
interface Report {
  readonly status: number;
  /** "error[NO_SPACE]", or "internal error:" */
  readonly label: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/**
 * Prints an error in one line, with a hint under it, and returns the exit status. A stack trace is
 * shown under ENVPACK_DEBUG only.
 */
export function reportError(error: unknown, session: Session): number {
  const report = describeError(error);
  const [red, cyan, plain] = session.colours ? ["\x1b[1;31m", "\x1b[36m", "\x1b[0m"] : ["", "", ""];
  session.say(`envpack: ${red}${report.label}${plain} ${escapeText(withoutHome(report.message))}`);
  if (report.hint !== undefined) session.say(`${cyan}hint:${plain} ${escapeText(withoutHome(report.hint))}`);
  if (process.env.ENVPACK_DEBUG) session.say(stackOf(error));
  return report.status;
}

/** Tells three things apart: wrong usage, a refusal or failure with a code, and a fault of envpack itself. */
export function describeError(thrown: unknown): Report {
  if (thrown instanceof CommanderError) return describeUsage(thrown);
  const error = explainError(thrown, "the work stopped");
  if (!(error instanceof EnvpackError)) return describeFault(error);
  return {
    status: error.code === "USAGE" ? EXIT.usage : EXIT.refused,
    label: `error[${error.code}]`,
    message: withPath(error.message, error.path),
    hint: error.hint ?? (error.code === "INTERRUPTED" ? "nothing was left behind; start it again when you like" : undefined),
  };
}

/** Commander's message is "error: what" and, where it knows better, "(Did you mean ...?)" under it. */
function describeUsage(error: CommanderError): Report {
  const [what = "", guess] = error.message.split("\n");
  const help = "see `envpack --help`, or `envpack COMMAND --help`";
  return {
    status: EXIT.usage,
    label: "error[USAGE]",
    message: what.replace(/^error: /, "").replace(" is invalid. ", " is invalid: ").replace(/\.$/, ""),
    hint: guess === undefined ? help : `${guess.replace(/^\(Did/, "did").replace(/\)$/, "")} ${help}`,
  };
}

function describeFault(error: unknown): Report {
  const text = error instanceof Error ? error.toString() : String(error);
  return {
    status: EXIT.refused,
    label: "internal error:",
    message: text.split("\n", 1)[0] ?? "",
    hint: "this is a fault of envpack: run it again with ENVPACK_DEBUG=1 and report what it prints",
  };
}

function withPath(message: string, path: string | undefined): string {
  return path === undefined || message.includes(path) ? message : `${message}: ${path}`;
}

/** Errors end up in logs that others read: the user's home is written as a shell would take it. */
function withoutHome(text: string): string {
  const home = homedir();
  return home.length > 1 ? text.replaceAll(`${home}/`, "~/") : text;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
