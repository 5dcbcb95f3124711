import type { Command } from "commander";
import type { Difference, VerifyResult } from "../../index.js";
import { escapeText } from "../../support/unsafe-text.js";
import { keepHeapSmall } from "../heap.js";
import { evidenceText, layerText, signatureText } from "../info-text.js";
import { EXIT } from "../exit-status.js";
import { notes } from "../help.js";
import { registryOptionList, registryOptions, type RegistryFlags } from "../image-options.js";
import { addReadingOptions, namedOrOwn, readingOptions, type ReadingFlags } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { countOf, formatBytes } from "../../support/quantities.js";
import type { Session } from "../session.js";
import { withStdin } from "../stdin.js";

interface Flags extends ReadingFlags, RegistryFlags {
  readonly provenance?: string;
  readonly repair?: string;
}

const EXAMPLES = `
Exit status: 0 all is as it was packed, 1 something differs or the archive is damaged.`;

/** `envpack verify X` */
export function addVerify(program: Command, session: Session): void {
  const command = program
    .command("verify")
    .summary("check every byte of an archive or an environment")
    .description("Checks every byte of X, an archive or an unpacked environment, and lists what is not as packed.")
    .argument("[x]", "an archive (- is stdin), an unpacked environment, or an image: a layout, or HOST/REPOSITORY:TAG")
    .option(
      "--provenance <key>",
      "of an archive or image: check its provenance (ARCHIVE.provenance.json, or attached), which this public key signed",
    )
    .option("--repair <archive>", "of an unpacked environment: mend what was changed or is missing; what was added stays");
  for (const option of registryOptionList()) command.addOption(option);
  addReadingOptions(command)
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, flags: Flags) => check(session, flags, path));
}

async function check(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { verify } = await import("../../verbs/verify.js");
  const result = await withStdin(session, namedOrOwn(path, session), (source) =>
    withProgress(session, flags.quiet, (onProgress) =>
      verify({
        path: source,
        repair: flags.repair,
        provenance: flags.provenance,
        ...readingOptions(flags, session),
        ...registryOptions(flags),
        onProgress: keepHeapSmall(onProgress),
      }),
    ),
  );
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) await session.writeJson("verify", result);
  else if (!flags.quiet || !result.ok) await session.writeData(`${verifyText(result)}\n`);
}

function verifyText({ ok, entries, bytes, differences, repaired, layer, signature, evidence = [] }: VerifyResult): string {
  const mended = repaired.map((difference) => `repaired ${differenceLine(difference)}`);
  const signed =
    signature === undefined
      ? []
      : [`signed: ${escapeText(signatureText(signature))}`, ...evidence.map((fact) => escapeText(`${fact.kind}: ${evidenceText(fact)}`))];
  if (ok)
    return [
      ...mended,
      `ok: ${countOf(entries, "entry", "entries")}, ${formatBytes(bytes)}, all as packed${layer === undefined ? "" : `\na layer: ${escapeText(layerText(layer))}`}`,
      ...signed,
    ].join("\n");
  const found = countOf(differences.length, "difference", "differences");
  return [...mended, ...differences.map(differenceLine), `${found} in ${countOf(entries, "entry", "entries")}`].join("\n");
}

function differenceLine({ kind, path, detail }: Difference): string {
  return `${kind.padEnd(8)} ${escapeText(path)}${detail ? ` (${escapeText(detail)})` : ""}`;
}
