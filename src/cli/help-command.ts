import type { Command } from "commander";
import { EnvpackError } from "../support/errors.js";
import { fullName, hintForCommand } from "./habits.js";

/** `help COMMAND`, and `help ENGINE` of a command that has engines. */
export function addHelp(parent: Command): void {
  const isProgram = parent.parent === null;
  parent
    .helpCommand(false)
    .command("help", { hidden: !isProgram })
    .summary("print help of a command")
    .description("Prints help of a command.")
    .argument(isProgram ? "[command...]" : "[engine]", "a command, and its engine where it has some")
    .action((named: string | readonly string[] | undefined) => {
      const words = named === undefined ? [] : [named].flat();
      findCommand(parent, words).outputHelp();
    });
}

/** @throws EnvpackError USAGE where there is no such command */
function findCommand(parent: Command, words: readonly string[]): Command {
  let command = parent;
  for (const [at, word] of words.entries()) {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) {
      if (command.commands.length === 0) return command;
      throw new EnvpackError("USAGE", `${fullName(command)} has no command ${JSON.stringify(word)} to help with`, {
        hint: hintForCommand(word, { words: ["help", ...words.slice(0, at + 1)], command }),
      });
    }
    command = found;
  }
  return command;
}
