import type { Command } from "commander";
import { EXIT } from "../exit-status.js";
import { escapeText } from "../../support/unsafe-text.js";
import { notes } from "../help.js";
import { licensesText, refusedLines } from "../licenses-text.js";
import { addSignatureOptions, collect, fileOrOwn, jsonOption, quietOption, signatureOptions, type SignatureFlags } from "../options.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly texts?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Patterns are matched against SPDX names, whatever their case: * is any characters. Of "A OR B" one has to be taken, of
"A AND B" both. A package without a licence is matched by NOASSERTION.

Examples:
  envpack licenses shop.tar.zst
  envpack licenses shop.tar.zst --deny 'GPL-*' --deny 'AGPL-*'
  envpack licenses shop.tar.zst --allow MIT --allow 'BSD-*' --allow Apache-2.0 --allow ISC
  envpack licenses shop.tar.zst --texts THIRD-PARTY-NOTICES.txt`;

/** `envpack licenses X` */
export function addLicenses(program: Command, session: Session): void {
  const command = program
    .command("licenses")
    .summary("tell the licences of what is packed")
    .description("Tells under which licences the packages of X, an archive or an unpacked environment, are.")
    .argument("[x]", "an archive or an unpacked environment")
    .option("--allow <pattern>", "refuse every licence but these, with status 1 (repeatable)", collect)
    .option("--deny <pattern>", "refuse these licences, with status 1 (repeatable)", collect)
    .option("--texts <file>", "write the texts of all licences and notices into one file")
    .option("-f, --force", "replace an existing file of texts");
  addSignatureOptions(command)
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, flags: Flags) => tellLicenses(session, flags, path));
}

async function tellLicenses(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { licenses } = await import("../../verbs/licenses.js");
  const { allow, deny, texts, force } = flags;
  const result = await licenses({
    path: fileOrOwn(path, session),
    allow,
    deny,
    texts,
    force,
    ...signatureOptions(flags),
    signal: session.interrupts.catch(),
  });
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) {
    await session.writeJson("licenses", result);
    return;
  }
  const lines = flags.quiet ? refusedLines(result) : licensesText(result);
  if (lines.length > 0) await session.writeData(`${lines.join("\n")}\n`);
  for (const { message, path: where } of flags.quiet ? [] : result.notices) session.say(`note: ${message}: ${escapeText(where ?? "")}`);
  if (result.texts !== null && !flags.quiet) session.say(`texts: ${escapeText(result.texts)}`);
}
