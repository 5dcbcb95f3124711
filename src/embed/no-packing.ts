import type { Command } from "commander";
import { EnvpackError } from "../support/errors.js";

/** Stands in for whatever packs in the tool that travels: that needs what only an installed envpack has. */
export function pack(): never {
  throw new EnvpackError("USAGE", "the envpack inside an environment does not pack", {
    hint: "install envpack (`npm install --global envpack`) and use that one",
  });
}

export const layer = pack;

/** `envpack pack …`, whatever it is asked. */
export function addPack(program: Command): void {
  program
    .command("pack")
    .summary("write an archive, with an installed envpack")
    .description("Is done by an installed envpack.")
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(pack);
}
