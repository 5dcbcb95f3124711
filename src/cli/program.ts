import { Command } from "commander";
import { VERSION } from "../version.js";
import { addDeliver } from "./commands/deliver.js";
import { addDiff } from "./commands/diff.js";
import { addDoctor } from "./commands/doctor.js";
import { addInfo } from "./commands/info.js";
import { addLayer } from "./commands/layer.js";
import { addList } from "./commands/list.js";
import { addPack } from "./commands/pack.js";
import { addRelocate } from "./commands/relocate.js";
import { addRun } from "./commands/run.js";
import { addUnpack } from "./commands/unpack.js";
import { addVerify } from "./commands/verify.js";
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
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    // Errors are printed in one place, reportError; commander only throws them.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText("after", EXAMPLES);
  const parts = [addPack, addUnpack, addList, addInfo, addVerify, addDiff, addDoctor, addLayer, addRelocate, addRun, addDeliver];
  for (const add of parts) add(program, session);
  return program;
}
