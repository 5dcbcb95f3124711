import type { AddHelpTextContext, Command, Help } from "commander";
import { layOutNotes, wrap } from "./wrap.js";

/** Wider lines are hard to read, also where a terminal has room for them. */
const WIDEST = 100;
/** Where descriptions beside their terms would be narrower than this, they stand below them. */
const NARROW = 34;

/** Columns that help may take: those of the terminal, else of COLUMNS, else 80. */
export function helpWidth(columns: number | undefined = process.stdout.columns): number {
  const asked = columns ?? Number(process.env.COLUMNS);
  return Number.isInteger(asked) && asked >= 20 ? Math.min(asked, WIDEST) : 80;
}

/** What a command's help says below its options: paragraphs and examples, laid out when they are asked for. */
export function notes(text: string): (context: AddHelpTextContext) => string {
  return ({ command }) => `\n${layOutNotes(text, command.configureHelp().helpWidth ?? helpWidth())}`;
}

interface Item {
  readonly term: string;
  readonly description: string;
}

/** All of a command's help but its notes, in lines that fit the width. */
export function formatHelp(command: Command, helper: Help): string {
  const width = helpWidth();
  const parts = [wrap(`Usage: ${helper.commandUsage(command)}`, width, "       ")];
  const description = helper.commandDescription(command);
  if (description !== "") parts.push(wrap(description, width));
  const sections: readonly (readonly [string, readonly Item[]])[] = [
    [
      "Arguments:",
      helper.visibleArguments(command).map((one) => ({ term: helper.argumentTerm(one), description: helper.argumentDescription(one) })),
    ],
    [
      "Options:",
      helper.visibleOptions(command).map((one) => ({ term: helper.optionTerm(one), description: helper.optionDescription(one) })),
    ],
    [
      "Commands:",
      helper.visibleCommands(command).map((one) => ({ term: commandTerm(one), description: helper.subcommandDescription(one) })),
    ],
  ];
  for (const [title, items] of sections) {
    if (items.length > 0) parts.push([title, ...formatItems(items, width)].join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

/** "unpack <archive> [dir]": that a command has options goes without saying. */
function commandTerm(command: Command): string {
  const usage = command
    .usage()
    .replace(/\[options\] ?/, "")
    .replace(/\[command\]/, "<engine>");
  return `${command.name()} ${usage}`.trimEnd();
}

/** Terms, and beside or below them what they mean. */
export function formatItems(items: readonly Item[], width: number): string[] {
  const longest = Math.max(...items.map(({ term }) => term.length));
  const column = longest + 4;
  if (width - column < NARROW)
    return items.flatMap(({ term, description }) => [wrap(`  ${term}`, width, "    "), wrap(`    ${description}`, width, "    ")]);
  return items.map(({ term, description }) => wrap(`  ${term.padEnd(longest)}  ${description}`, width, " ".repeat(column), column));
}
