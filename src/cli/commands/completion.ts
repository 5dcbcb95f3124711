import { Argument, type Command } from "commander";
import { bashCompletion } from "../completion/bash.js";
import { type CommandFacts, describeProgram } from "../completion/describe.js";
import { fishCompletion } from "../completion/fish.js";
import { zshCompletion } from "../completion/zsh.js";
import { notes } from "../help.js";
import type { Session } from "../session.js";

const SHELLS = new Map<string, (program: CommandFacts) => string>([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
]);

const HELP = `
Examples:
  source <(envpack completion bash)       in ~/.bashrc
  source <(envpack completion zsh)        in ~/.zshrc, behind compinit
  envpack completion fish | source        in ~/.config/fish/config.fish`;

/** `envpack completion SHELL` */
export function addCompletion(program: Command, session: Session): void {
  program
    .command("completion")
    .summary("print what lets a shell complete envpack's command lines")
    .description("Prints a script for SHELL, with which it completes the commands, options and files of this envpack.")
    .addArgument(new Argument("<shell>", "the shell that reads it").choices([...SHELLS.keys()]))
    .addHelpText("after", notes(HELP))
    .action(async (shell: string) => {
      await session.writeData(SHELLS.get(shell)?.(describeProgram(program)) ?? "");
    });
}
