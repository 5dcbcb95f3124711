import type { Argument, Command, Option } from "commander";
import { suggestedValues } from "./suggest.js";

/** What stands in a place of the command line: one of some words, a folder, a file or a folder, or what nobody can list. */
export type Values = { readonly words: readonly string[] } | "folders" | "files" | "unknown";

/** An option as shells complete it. */
export interface OptionFacts {
  /** "-o" and "--output", whichever there are. */
  readonly names: readonly string[];
  readonly description: string;
  /** What its value is called; null where it takes none. */
  readonly value: string | null;
  readonly values: Values;
  readonly isRepeatable: boolean;
}

/** A command, or the program itself, as shells complete it. */
export interface CommandFacts {
  /** The words that lead to it: ["deliver", "slurm"]; none for the program. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionFacts[];
  readonly commands: readonly CommandFacts[];
  /** What its arguments are, in their order; the last one stands for all that follow where there may be many. */
  readonly args: readonly Values[];
  readonly isVariadic: boolean;
}

const FOLDERS = new Set(["folder", "dir", "old"]);
/** Names of values of which no list can be made. */
const UNKNOWN = new Set([
  "n",
  "number",
  "pattern",
  "version",
  "name",
  "url",
  "age",
  "option",
  "kind",
  "which",
  "what",
  "size",
  "time",
  "text",
  "word",
  "command",
]);

/** All that a shell can complete, read off the program itself, so that it is never another one than what the program takes. */
export function describeProgram(command: Command, path: readonly string[] = []): CommandFacts {
  const shown = command.createHelp().visibleCommands(command);
  return {
    path,
    summary: command.summary(),
    options: command.createHelp().visibleOptions(command).map(describeOption),
    commands: shown.map((one) => describeProgram(one, [...path, one.name()])),
    args: command.registeredArguments.map((one) => valuesOfArgument(one, command)),
    isVariadic: command.registeredArguments.some(({ variadic }) => variadic),
  };
}

/** The command and all below it, each before those that lie in it. */
export function withSubcommands(command: CommandFacts): CommandFacts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function describeOption(option: Option): OptionFacts {
  const value = /[<[]([^<>[\]]+)[\]>]/.exec(option.flags)?.[1]?.replace("...", "") ?? null;
  const words = option.argChoices ?? suggestedValues(option);
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    value,
    values: words === undefined ? valuesOfName(value) : { words },
    isRepeatable: option.variadic || option.description.includes("repeatable"),
  };
}

function valuesOfArgument(argument: Argument, command: Command): Values {
  if (argument.argChoices !== undefined) return { words: argument.argChoices };
  // "help COMMAND" stands beside the commands that it tells of.
  if (command.name() === "help")
    return { words: (command.parent?.commands ?? []).map((one) => one.name()).filter((name) => name !== "help") };
  // A command that is run may be a script, which is a file.
  return argument.name() === "command" ? "files" : valuesOfName(argument.name());
}

/** What a value's name says of it; a path, where it says nothing. */
function valuesOfName(name: string | null): Values {
  if (name === null || UNKNOWN.has(name)) return "unknown";
  return FOLDERS.has(name) ? "folders" : "files";
}
