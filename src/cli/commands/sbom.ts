import { Option, type Command } from "commander";
import type { SbomOptions } from "../../verbs/sbom.js";
import { escapeText } from "../../support/unsafe-text.js";
import { notes } from "../help.js";
import { addSignatureOptions, fileOrOwn, quietOption, signatureOptions, type SignatureFlags } from "../options.js";
import { countOf } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly format?: SbomOptions["format"];
  readonly output?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
It names what is packed: packages by their own package.json, Node.js and what is built into it, shared libraries.
The same archive gives the same bytes.

Examples:
  envpack sbom shop.tar.zst > shop.cdx.json
  envpack sbom shop.tar.zst --format spdx -o shop.spdx.json
  envpack pack --sbom                        the same in the archive, and beside it`;

/** `envpack sbom X` */
export function addSbom(program: Command, session: Session): void {
  const command = program
    .command("sbom")
    .summary("write a bill of materials")
    .description("Writes a software bill of materials of X, an archive or an unpacked environment.")
    .argument("[x]", "an archive or an unpacked environment")
    .addOption(new Option("--format <format>", "CycloneDX 1.6 (the default) or SPDX 2.3, both as JSON").choices(["cyclonedx", "spdx"]))
    .option("-o, --output <file>", "the file to write (default: stdout)")
    .option("-f, --force", "replace an existing file");
  addSignatureOptions(command)
    .addOption(quietOption())
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, flags: Flags) => writeSbom(session, flags, path));
}

async function writeSbom(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { sbom } = await import("../../verbs/sbom.js");
  const { format, force } = flags;
  const output = flags.output === "-" ? undefined : flags.output;
  const made = await sbom({
    path: fileOrOwn(path, session),
    format,
    output,
    force,
    ...signatureOptions(flags),
    signal: session.interrupts.catch(),
  });
  for (const { message, path: where } of flags.quiet ? [] : made.notices) session.say(`note: ${message}: ${escapeText(where ?? "")}`);
  if (made.output === null) await session.writeData(made.document);
  else if (!flags.quiet)
    session.say(`${made.output === null ? "" : escapeText(made.output)}: ${countOf(made.components, "component", "components")}`);
}
