import type { Command } from "commander";
import { escapedWord } from "../escape.js";
import { jsonOption, quietOption } from "../options.js";
import { countOf } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `envpack parcel-manifest FOLDER` */
export function addParcelManifest(program: Command, session: Session): void {
  program
    .command("parcel-manifest")
    .summary("make a folder of parcels a repository of Cloudera Manager")
    .description(
      "Writes manifest.json for the parcels in FOLDER, so that Cloudera Manager takes the folder, served over HTTP, as a repository.",
    )
    .argument("<folder>", "what `envpack pack --format parcel -o FOLDER/` wrote into")
    .addOption(quietOption())
    .addOption(jsonOption())
    .action((folder: string, flags: Flags) => write(session, flags, folder));
}

async function write(session: Session, { quiet, json }: Flags, folder: string): Promise<void> {
  // Loaded here: the tool that travels inside an environment goes without it.
  const { parcelManifest } = await import("../../verbs/parcel-manifest.js");
  const result = await parcelManifest({ path: folder });
  if (json) await session.writeJson("parcel-manifest", result);
  else if (!quiet) session.say(`wrote ${escapedWord(result.output)}: ${countOf(result.parcels.length, "parcel", "parcels")}`);
}
