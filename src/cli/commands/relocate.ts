import type { Command } from "commander";
import { notes } from "../help.js";
import { EXIT } from "../exit-status.js";
import { jsonOption, namedOrOwn, quietOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { countOf } from "../../support/quantities.js";
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
started as: sh DIR/bin/envpack relocate

Exit status: 0 done, 3 done but for places that still name the old folder, which are listed; 1 refused.`;

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
    .addHelpText("after", notes(HELP))
    .action((folder: string | undefined, flags: Flags) => rewrite(session, flags, folder));
}

async function rewrite(session: Session, flags: Flags, named: string | undefined): Promise<void> {
  const { relocate } = await import("../../verbs/relocate.js");
  const folder = namedOrOwn(named, session);
  const result = await withProgress(session, flags.quiet, (onProgress) =>
    relocate({ folder, root: flags.root, signal: session.interrupts.catch(), onProgress }),
  );
  if (result.unfit.length > 0) session.status = EXIT.incomplete;
  if (flags.json) await session.writeJson("relocate", result);
  else if (!flags.quiet) {
    const { files, places, unfit, executable } = result;
    const done = files === 0 ? "nothing to rewrite" : `rewrote ${countOf(places, "place", "places")} in ${countOf(files, "file", "files")}`;
    const given = executable === 0 ? "" : `\n${countOf(executable, "file", "files")} may be executed again`;
    session.say(`${done}${given}${unfitText(unfit)}`);
  } else if (result.unfit.length > 0) session.say(unfitText(result.unfit).trimStart());
}
