import type { EventEmitter } from "node:events";
import type { Command } from "commander";
import { VERSION } from "../support/version.js";
import { fullName } from "./habits.js";

/** Columns of examples and notes, which are not filled anew: what fits a window of 80 with man's margin. */
const WIDTH = 70;

/** The manual page envpack(1) as roff with the macros of man(7), read off the program itself. */
export function manPage(program: Command): string {
  program.configureHelp({ ...program.configureHelp(), helpWidth: WIDTH });
  const helper = program.createHelp();
  const commands = helper.visibleCommands(program).flatMap((one) => [one, ...helper.visibleCommands(one)]);
  return [
    `.TH ENVPACK 1 "" "envpack ${roff(VERSION)}" "User Commands"`,
    // Neither stretched nor hyphenated: what is typed stands as it is typed.
    ".ad l",
    ".nh",
    ".SH NAME",
    `envpack \\- ${roff(program.description())}`,
    ".SH SYNOPSIS",
    `.B ${roff(helper.commandUsage(program))}`,
    ".SH OPTIONS",
    ...optionLines(program),
    ".SH COMMANDS",
    ...commands.flatMap((one) => commandLines(one)),
    ".SH NOTES",
    ...noteLines(program),
    "",
  ].join("\n");
}

function commandLines(command: Command): string[] {
  command.configureHelp({ ...command.configureHelp(), helpWidth: WIDTH });
  const helper = command.createHelp();
  const terms = helper.visibleArguments(command).flatMap((one) => item(helper.argumentTerm(one), helper.argumentDescription(one)));
  return [
    `.SS ${roff(fullName(command))}`,
    `.B ${roff(helper.commandUsage(command))}`,
    ".PP",
    roff(helper.commandDescription(command)),
    ...terms,
    ...optionLines(command),
    ...noteLines(command),
  ];
}

function optionLines(command: Command): string[] {
  const helper = command.createHelp();
  return helper.visibleOptions(command).flatMap((one) => item(helper.optionTerm(one), helper.optionDescription(one)));
}

function item(term: string, description: string): string[] {
  return [".TP", `.B ${roff(term)}`, roff(description)];
}

/** What help says below the options, as it is laid out there. */
function noteLines(command: Command): string[] {
  let text = "";
  // The event with which commander asks for them; its types leave out that a command is an emitter.
  (command as unknown as EventEmitter).emit("afterHelp", { command, error: false, write: (part: string) => (text += part) });
  return text.trim() === "" ? [] : [".PP", ".nf", ...text.trim().split("\n").map(roff), ".fi"];
}

/** A line of text in which roff finds nothing to obey; an empty one would end a paragraph twice. */
function roff(text: string): string {
  const line = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "\\`")
    .replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti");
  return line === "" ? ".sp" : line.replace(/^\./, "\\&.");
}
