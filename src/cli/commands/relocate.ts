import type { Command } from "commander";
import { jsonOption, namedOrOwn, quietOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { countOf } from "../quantities.js";
import type { Session } from "../session.js";
import { unfitText } from "../unfit-text.js";

interface Flags {
  readonly root?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
An environment works from any folder without this. Some packages write the folder they were
installed in into their own files all the same; envpack unpack corrects those, and so does this
command after a plain tar -x or after a move. It may be run any number of times.

After an unzip that dropped the rights to execute (Python's zipfile, Java's streams) it gives them back,
started as: sh DIR/bin/envpack relocate`;

/** `envpack relocate DIR` */
export function addRelocate(program: Command, session: Session): void {
  program
    .command("relocate")
    .summary("the optional step after a plain tar -x or a move")
    .description("Writes the present place of DIR, an unpacked environment, into those of its files that name the old one.")
    .argument("[dir]", "an unpacked environment")
    .option("--root <path>", "the place to write (default: where it lies now)")
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", HELP)
    .action((folder: string | undefined, flags: Flags) => rewrite(session, flags, folder));
}

async function rewrite(session: Session, flags: Flags, named: string | undefined): Promise<void> {
  const { relocate } = await import("../../relocate.js");
  const folder = namedOrOwn(named, session);
  const result = await withProgress(session, flags.quiet, (onProgress) =>
    relocate({ folder, root: flags.root, signal: session.interrupts.catch(), onProgress }),
  );
  if (flags.json) await session.writeJson(result);
  else if (!flags.quiet) {
    const { files, places, unfit, executable } = result;
    const done = files === 0 ? "nothing to rewrite" : `rewrote ${countOf(places, "place", "places")} in ${countOf(files, "file", "files")}`;
    const given = executable === 0 ? "" : `\n${countOf(executable, "file", "files")} may be executed again`;
    session.say(`${done}${given}${unfitText(unfit)}`);
  }
}
