import { CommanderError } from "commander";
import { EnvpackError, explainError } from "../support/errors.js";
import { homeFolder } from "../support/home.js";
import { escapeText } from "../support/unsafe-text.js";
import { EXIT } from "./exit-status.js";
import { fullName, hintForCommand, hintForOption, type Typed } from "./habits.js";
import type { JsonError } from "./json-shapes.js";
import type { Session } from "./session.js";

/** An error as the user sees it. */
export interface Report {
  readonly status: number;
  readonly code: JsonError["code"];
  readonly message: string;
  readonly path: string | undefined;
  readonly hint: string | undefined;
}

/**
 * Prints an error in one line, with a hint under it, and returns the exit status. A stack trace is
 * shown under ENVPACK_DEBUG only.
 */
export function reportError(error: unknown, session: Session): number {
  const { status, code, message, path, hint } = describeError(error, session);
  const label = code === "INTERNAL" ? "internal error:" : `error[${code}]`;
  const [red, cyan, plain] = session.colours ? ["\x1b[1;31m", "\x1b[36m", "\x1b[0m"] : ["", "", ""];
  session.say(`envpack: ${red}${label}${plain} ${escapeText(withoutHome(withPath(message, path)))}`);
  if (hint !== undefined) session.say(`${cyan}hint:${plain} ${escapeText(withoutHome(hint))}`);
  if (process.env.ENVPACK_DEBUG) session.say(stackOf(error));
  return status;
}

/**
 * The same on stdout for a program that asked for JSON: paths and texts are exact there.
 *
 * @param error what was thrown
 */
export async function writeErrorJson(error: unknown, session: Session): Promise<void> {
  const { code, message, hint, path } = describeError(error, session);
  await session.writeJson("error", { error: { code, message, path: path ?? null, hint: hint ?? null } });
}

/** Tells three things apart: wrong usage, a refusal or failure with a code, and a fault of envpack itself. */
export function describeError(thrown: unknown, typed: Partial<Pick<Session, "words" | "command">> = {}): Report {
  if (thrown instanceof CommanderError) return describeUsage(thrown, typed);
  const error = explainError(thrown, "the work stopped");
  if (!(error instanceof EnvpackError)) return describeFault(error);
  return {
    status: error.code === "USAGE" ? EXIT.usage : EXIT.refused,
    code: error.code,
    message: error.message,
    path: error.path,
    hint: error.hint ?? (error.code === "INTERRUPTED" ? "nothing was left behind; start it again when you like" : undefined),
  };
}

/** Commander's message is "error: what". */
function describeUsage(error: CommanderError, { words = [], command = null }: Partial<Pick<Session, "words" | "command">>): Report {
  const guess = command === null ? null : guessMeant(error, { words, command });
  const help = `see \`${command === null ? "envpack" : fullName(command)} --help\``;
  return {
    status: EXIT.usage,
    code: "USAGE",
    message: error.message
      .replace(/^error: /, "")
      .replace(" is invalid. ", " is invalid: ")
      .replace(/\.$/, ""),
    path: undefined,
    hint: guess === null ? help : `${guess}${guess.endsWith("?") ? " " : "; "}${help}`,
  };
}

function guessMeant({ code, message }: CommanderError, typed: Typed): string | null {
  const word = /'([^]*)'/.exec(message)?.[1];
  if (word === undefined) return null;
  if (code === "commander.unknownCommand") return hintForCommand(word, typed);
  return code === "commander.unknownOption" ? hintForOption(word.split("=", 1)[0] ?? word, typed) : null;
}

function describeFault(error: unknown): Report {
  const text = error instanceof Error ? error.toString() : String(error);
  return {
    status: EXIT.refused,
    code: "INTERNAL",
    message: text.split("\n", 1)[0] ?? "",
    path: undefined,
    hint: "this is a fault of envpack: run it again with ENVPACK_DEBUG=1 and report what it prints",
  };
}

function withPath(message: string, path: string | undefined): string {
  return path === undefined || message.includes(path) ? message : `${message}: ${path}`;
}

/** Errors end up in logs that others read: the user's home is written as a shell would take it. */
function withoutHome(text: string): string {
  const home = homeFolder() ?? "";
  return home.length > 1 ? text.replaceAll(`${home}/`, "~/") : text;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
