import { Command } from "commander";
import { VERSION } from "../support/version.js";
import { addCache } from "./commands/cache.js";
import { addCompletion } from "./commands/completion.js";
import { addDeliver } from "./commands/deliver.js";
import { addDiff } from "./commands/diff.js";
import { addDoctor } from "./commands/doctor.js";
import { addInfo } from "./commands/info.js";
import { addLayer } from "./commands/layer.js";
import { addLicenses } from "./commands/licenses.js";
import { addList } from "./commands/list.js";
import { addMan } from "./commands/man.js";
import { addPack } from "./commands/pack.js";
import { addParcelManifest } from "./commands/parcel-manifest.js";
import { addProve } from "./commands/prove.js";
import { addRecord } from "./commands/record.js";
import { addRelocate } from "./commands/relocate.js";
import { addReport } from "./commands/report.js";
import { addRun } from "./commands/run.js";
import { addSbom } from "./commands/sbom.js";
import { addUnpack } from "./commands/unpack.js";
import { addVerify } from "./commands/verify.js";
import { addHelp } from "./help-command.js";
import { formatHelp, notes } from "./help.js";
import type { Session } from "./session.js";

const EXAMPLES = `
Examples:
  envpack pack                          pack the project of the current folder
  envpack unpack shop-1.4.0-linux-x64.tar.zst /srv/shop
  tar -xf shop-1.4.0-linux-x64.tar.zst  works as well: nothing else needs to be run
  /srv/shop/bin/node /srv/shop/app/server.js

Exit status: 0 done, 1 refused or different, 2 wrong usage, 128 + N ended by signal N.`;

/** The command line as a whole: each command is added by its own file. */
export function buildProgram(session: Session): Command {
  const program = new Command("envpack")
    .description("Packs an installed Node.js environment into one archive that runs from any folder.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .configureHelp({ formatHelp })
    .enablePositionalOptions()
    // What was meant is guessed in one place, habits.ts.
    .showSuggestionAfterError(false)
    // Errors are printed in one place, reportError; commander only throws them.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText("after", notes(EXAMPLES));
  const parts = [
    addPack,
    addUnpack,
    addList,
    addInfo,
    addVerify,
    addSbom,
    addLicenses,
    addProve,
    addDiff,
    addDoctor,
    addLayer,
    addRelocate,
    addRun,
    addDeliver,
    addCache,
    addParcelManifest,
    addCompletion,
    addMan,
    addReport,
    addRecord,
  ];
  for (const add of parts) add(program, session);
  addHelp(program);
  noteCommands(program, session);
  return program;
}

/** Lets the session know which command is at work, so that a hint can name it. */
function noteCommands(command: Command, session: Session): void {
  command.exitOverride((error) => {
    session.command = command;
    throw error;
  });
  command.hook("preAction", (_command, action) => {
    session.command = action;
  });
  for (const one of command.commands) noteCommands(one, session);
}
