import type { Command } from "commander";
import { notes } from "../help.js";
import { manPage } from "../man-page.js";
import type { Session } from "../session.js";

const HELP = `
An npm that installs globally puts the page where man looks: \`man envpack\`.

Examples:
  envpack man | man -l -`;

/** `envpack man` */
export function addMan(program: Command, session: Session): void {
  program
    .command("man")
    .summary("print the manual page")
    .description("Prints the manual page of this envpack, as roff.")
    .addHelpText("after", notes(HELP))
    .action(async () => {
      await session.writeData(manPage(program));
    });
}
