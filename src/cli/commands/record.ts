import type { Command } from "commander";
import { escapeText } from "../../support/unsafe-text.js";
import { notes } from "../help.js";
import { quietOption } from "../options.js";
import { countOf } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags {
  readonly output: string;
  readonly project?: string;
  readonly strace?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
}

const HELP = `
Looks by hooks in Node.js, in all processes and threads that COMMAND starts, and with --strace by strace(1) at other
programs too, which is slow. Ends as COMMAND ends; Ctrl-C ends COMMAND, and what was seen until then is written.

Examples:
  envpack record -o test.record.json -- npm test
  envpack pack --trace server.js --record test.record.json`;

/** `envpack record -o FILE -- COMMAND` */
export function addRecord(program: Command, session: Session): void {
  program
    .command("record")
    .summary("write down which files of the environment a command needs")
    .description("Runs COMMAND, and writes down what it resolved, asked about, opened and started, for `pack --trace`.")
    .usage("-o <file> [options] -- <command> [args...]")
    .argument("<command...>", "the command and its arguments")
    .requiredOption("-o, --output <file>", "where the record goes")
    .option("--project <folder>", "the project's folder (default: the current one)")
    .option("--strace", "look by strace as well")
    .option("-f, --force", "replace a file that is there")
    .addOption(quietOption())
    .passThroughOptions()
    .addHelpText("after", notes(HELP))
    .action((words: string[], flags: Flags) => recordIt(session, words, flags));
}

async function recordIt(session: Session, command: readonly string[], { output, project, strace, force, quiet }: Flags): Promise<void> {
  const { record } = await import("../../verbs/record.js");
  const onStart = (): void => session.interrupts.release();
  const ended = await record({ path: project, command, output, strace, force, onTerminal: session.stdin.isTTY, onStart });
  if (quiet !== true) session.say(`recorded ${countOf(ended.files, "file", "files")} in ${escapeText(ended.output)}`);
  session.status = ended.status;
  session.endBy = ended.signal;
}
