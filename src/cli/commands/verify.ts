import type { Command } from "commander";
import type { Difference, VerifyResult } from "../../index.js";
import { escapeText } from "../escape.js";
import { keepHeapSmall } from "../heap.js";
import { layerText } from "../info-text.js";
import { EXIT } from "../exit-status.js";
import { addReadingOptions, namedOrOwn, readingOptions, type ReadingFlags } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { countOf, formatBytes } from "../quantities.js";
import type { Session } from "../session.js";
import { withStdin } from "../stdin.js";

interface Flags extends ReadingFlags {
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
    .argument("[x]", "an archive (- is stdin) or an unpacked environment")
    .option("--repair <archive>", "of an unpacked environment: mend what was changed or is missing; what was added stays");
  addReadingOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((path: string | undefined, flags: Flags) => check(session, flags, path));
}

async function check(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { verify } = await import("../../verify.js");
  const result = await withStdin(session, namedOrOwn(path, session), (source) =>
    withProgress(session, flags.quiet, (onProgress) =>
      verify({
        path: source,
        repair: flags.repair,
        ...readingOptions(flags, session),
        onProgress: keepHeapSmall(onProgress),
      }),
    ),
  );
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) await session.writeJson(result);
  else if (!flags.quiet || !result.ok) await session.writeData(`${verifyText(result)}\n`);
}

function verifyText({ ok, entries, bytes, differences, repaired, layer }: VerifyResult): string {
  const mended = repaired.map((difference) => `repaired ${differenceLine(difference)}`);
  if (ok) return [...mended, `ok: ${countOf(entries, "entry", "entries")}, ${formatBytes(bytes)}, all as packed${layer === undefined ? "" : `\na layer: ${escapeText(layerText(layer))}`}`].join("\n");
  const found = countOf(differences.length, "difference", "differences");
  return [...mended, ...differences.map(differenceLine), `${found} in ${countOf(entries, "entry", "entries")}`].join("\n");
}

function differenceLine({ kind, path, detail }: Difference): string {
  return `${kind.padEnd(8)} ${escapeText(path)}${detail ? ` (${escapeText(detail)})` : ""}`;
}
