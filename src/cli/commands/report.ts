import type { Command } from "commander";
import { escapeText } from "../../support/unsafe-text.js";
import { notes } from "../help.js";
import { addSignatureOptions, fileOrOwn, quietOption, signatureOptions, type SignatureFlags } from "../options.js";
import { countOf } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly packed?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
One HTML file that a browser opens without a network: a map of sizes, why each package is here, what is packed in
several copies, native files, what was relocated and left out, licences, the proof that lies beside.

Examples:
  envpack report shop.tar.zst -o shop.html
  envpack report shop-1.tar.zst shop-2.tar.zst -o changes.html     and what changed from the first to the second
  envpack pack --json > pack.json
  envpack report shop.tar.zst --packed pack.json -o shop.html      and what was left out`;

/** `envpack report X [Y]` */
export function addReport(program: Command, session: Session): void {
  const command = program
    .command("report")
    .summary("write a page for browsers about what is packed")
    .description("Writes one HTML file about X, an archive or an unpacked environment; of two, about Y and what changed since X.")
    .argument("[x]", "an archive or an unpacked environment")
    .argument("[y]", "a newer one")
    .option("--packed <file>", "what `envpack pack --json` printed of the archive: tells what was left out")
    .option("-o, --output <file>", "the file to write (default: stdout)")
    .option("-f, --force", "replace an existing file");
  addSignatureOptions(command)
    .addOption(quietOption())
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, newer: string | undefined, flags: Flags) => writeReport(session, flags, path, newer));
}

async function writeReport(session: Session, flags: Flags, path: string | undefined, newer: string | undefined): Promise<void> {
  const { report } = await import("../../verbs/report.js");
  const { packed, force } = flags;
  const output = flags.output === "-" ? undefined : flags.output;
  const made = await report({
    path: fileOrOwn(path, session),
    newer,
    packed,
    output,
    force,
    ...signatureOptions(flags),
    signal: session.interrupts.catch(),
  });
  if (made.output === null) await session.writeData(made.page);
  else if (!flags.quiet) session.say(`${escapeText(made.output)}: ${summaryOf(made)}`);
}

function summaryOf({ owners, changed }: { readonly owners: number; readonly changed: number | null }): string {
  const told = countOf(owners, "package or part", "packages and parts");
  return changed === null ? told : `${told}, ${formatChanged(changed)}`;
}

function formatChanged(changed: number): string {
  return changed === 0 ? "nothing changed" : `${countOf(changed, "is", "are")} not as before`;
}
